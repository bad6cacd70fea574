// Evidence as bytes: what is written is read, and nothing else is.
#include "attest_reports.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::refusal;
using test::says;

namespace {

std::vector<Evidence> sound_ones() {
  return {snp_evidence(),
          tdx_evidence(),
          {"", {}, {}, kConfidential},
          {"sev_guest", snp_report(), {}, GpuState()},
          {"tdx_guest", Bytes(1, 0), Bytes(1, 0), kConfidential}};
}

}  // namespace

TEST(AttestEvidence, ComesBackAsItWas) {
  for (const Evidence& evidence : sound_ones()) EXPECT_TRUE(parse(pack(evidence)) == evidence);
}

TEST(AttestEvidence, OfNothingIsNoBytes) {
  EXPECT_TRUE(pack(Evidence()).empty());
  EXPECT_TRUE(parse({}) == Evidence());
}

TEST(AttestEvidence, IsLaidOutAsTheHeaderSays) {
  const Bytes expected = {'S', 'L', 'A', 'E', 1, 0, 9, 's', 'e', 'v', '_', 'g', 'u', 'e', 's', 't', 2, 0, 0, 0, 7,    8,    1,    0,
                          0,   0,   9,   1,   2, 0, 0, 0,   1,   0,   0,   0,   0,   0,   0,   0,   1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(pack({"sev_guest", {7, 8}, {9}, GpuState{2, 1, 0, 1, GpuState::kNotSaid}}), expected);
}

TEST(AttestEvidence, IsRefusedAtEveryLength) {
  for (const Evidence& evidence : sound_ones()) {
    const Bytes whole = pack(evidence);
    for (std::size_t n = 1; n < whole.size(); ++n)
      EXPECT_TRUE(says(refusal([&] { parse(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))); }), "ends too early"))
          << n;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_TRUE(says(refusal([&] { parse(longer); }), "goes on after its end"));
  }
}

// Every bit turned: what is still read is another evidence, and it is written as it was read.
TEST(AttestEvidence, WithAnyBitTurnedIsRefusedOrAnother) {
  for (const Evidence& evidence : sound_ones()) {
    const Bytes whole = pack(evidence);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      Bytes turned = whole;
      turned[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      try {
        const Evidence other = parse(turned);
        EXPECT_FALSE(other == evidence);
        EXPECT_EQ(pack(other), turned);
      } catch (const Error& e) {
        EXPECT_TRUE(says(e.what(), "the peer"));
      }
    }
  }
}

TEST(AttestEvidence, OfOthersIsRefusedByName) {
  const auto with = [](std::size_t at, std::uint8_t byte) {
    Bytes bytes = pack(snp_evidence());
    bytes[at] = byte;
    return refusal([&] { parse(bytes); });
  };
  EXPECT_TRUE(says(with(0, 'X'), "something else; start all ranks with the same program"));
  EXPECT_TRUE(says(with(4, 2), "has version 2 and this program reads version 1"));
  EXPECT_TRUE(says(with(7, 'x'), "neither sev_guest nor tdx_guest"));
  EXPECT_TRUE(says(with(pack(snp_evidence()).size() - 1, 2), "state of GPUs of an unknown kind"));
  const auto raw = [](const std::string& text) { return refusal([&] { parse(Bytes(text.begin(), text.end())); }); };
  const std::string head("SLAE\1\0", 6), zero(4, '\0');
  EXPECT_TRUE(says(raw(head + std::string(10, '\0')), "says nothing"));
  EXPECT_TRUE(says(raw(head + std::string("\0\1\0\0\0x", 6) + zero + std::string(1, '\0')), "has a report of no provider"));
  EXPECT_TRUE(says(raw(head + "\11tdx_guest" + zero + zero + std::string(1, '\0')), "names tdx_guest and has no report of it"));
}

// A length of 4 GB in a message of 30 bytes must not ask for memory.
TEST(AttestEvidence, TakesNoMoreThanItsLength) {
  Bytes bytes = pack(snp_evidence());
  put(bytes, 16, 0xffffffff, 4);
  EXPECT_TRUE(says(refusal([&] { parse(bytes); }), "ends too early"));
  EXPECT_TRUE(says(refusal([] { parse(Bytes(kMostEvidence + 1, 'S')); }), "has 262145 bytes, more than the 262144"));
}

TEST(AttestEvidence, ThatNoPeerWouldTakeIsNotWritten) {
  EXPECT_TRUE(says(refusal([] { pack({"arm_cca_guest", {1}, {}, {}}); }), "this rank's attestation evidence names a provider"));
  EXPECT_TRUE(says(refusal([] { pack({"sev_guest", {}, {}, {}}); }), "has no report of it"));
  EXPECT_TRUE(says(refusal([] { pack({"", {}, {1}, kConfidential}); }), "has a report of no provider"));
  const std::size_t head = pack({"sev_guest", {1}, {}, {}}).size() - 1;
  EXPECT_EQ(pack({"sev_guest", Bytes(kMostEvidence - head), {}, {}}).size(), kMostEvidence);
  EXPECT_TRUE(says(refusal([&] { pack({"sev_guest", Bytes(kMostEvidence - head + 1), {}, {}}); }), "more than the 262144"));
}

TEST(AttestEvidence, GpusAreConfidentialInOneStateOnly) {
  EXPECT_EQ(fault(kConfidential), "");
  EXPECT_EQ(fault({2, 1, 0, 1, GpuState::kNotSaid}), "");
  EXPECT_EQ(fault({2, 1, 0, 1, 2}), "");
  EXPECT_TRUE(says(fault(GpuState()), "confidential computing is off"));
  EXPECT_TRUE(says(fault({2, 0, 0, 1, 1}), "protected PCIe mode"));
  EXPECT_TRUE(says(fault({1, 1, 0, 1, 0}), "not the one for production"));
  EXPECT_TRUE(says(fault({2, 1, 1, 1, 0}), "developer tools"));
  EXPECT_TRUE(says(fault({2, 1, 0, 0, 0}), "not ready"));
  for (const GpuState& odd : {GpuState{3, 1, 0, 1, 0}, GpuState{2, 2, 0, 1, 0}, GpuState{2, 1, 7, 1, 0}, GpuState{2, 1, 0, 9, 0}})
    EXPECT_NE(fault(odd), "");
}
