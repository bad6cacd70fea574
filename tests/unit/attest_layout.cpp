// Fields of reports are where the specifications put them, and what is no report is refused. All reports here are synthetic.
#include "../../src/attest/report.hpp"
#include "attest_reports.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::refusal;
using test::says;

namespace {

// Registers as "name=first byte".
std::string registers(const Report& report) {
  std::string text;
  for (const auto& [name, value] : report.registers) {
    EXPECT_EQ(Bytes(value.begin(), value.end()), register_of(value[0]));
    text += name + "=" + to_hex(Bytes{value[0]}) + " ";
  }
  return text;
}

std::string snp_with(std::size_t at, std::uint64_t value, int width) {
  Bytes report = snp_report();
  put(report, at, value, width);
  return refusal([&] { read_report("sev_guest", report); });
}

}  // namespace

TEST(AttestLayout, SnpFieldsAreWhereTheSpecificationPutsThem) {
  for (const std::uint32_t version : {2, 3, 4, 5}) {
    const Report report = read_report("sev_guest", snp_report(user_data(), version));
    EXPECT_EQ(report.report_data, report_data_of(user_data()));
    EXPECT_FALSE(report.debug);
    EXPECT_EQ(registers(report), "measurement=5a ");
  }
}

TEST(AttestLayout, SnpDebugIsBit19OfThePolicy) {
  for (int bit = 0; bit < 64; ++bit) {
    Bytes report = snp_report();
    put(report, 0x08, std::uint64_t{1} << bit, 8);
    EXPECT_EQ(read_report("sev_guest", report).debug, bit == 19) << bit;
  }
}

TEST(AttestLayout, SnpReportsOfAnotherKindAreRefused) {
  for (const std::size_t n : {0u, 1u, 1183u, 1185u, 4096u})
    EXPECT_TRUE(says(refusal([&] { read_report("sev_guest", Bytes(n)); }), std::to_string(n) + " bytes instead of 1184"));
  for (const std::uint32_t version : {0u, 1u, 6u, 0x01000002u})
    EXPECT_TRUE(says(snp_with(0, version, 4), "has version " + std::to_string(version) + "; this program reads versions 2 to 5"));
  EXPECT_TRUE(says(snp_with(0x34, 0, 4), "not signed by a key of the processor's"));
  EXPECT_TRUE(says(snp_with(0x48, 7 << 2, 4), "not signed by a key of the processor's"));
  EXPECT_EQ(snp_with(0x48, 1 << 2 | 3, 4), "");  // VLEK, with the chip's key masked and an author's key
}

TEST(AttestLayout, TdxFieldsAreWhereTheSpecificationPutsThem) {
  for (const Bytes& quote : {tdx_quote(), tdx_quote(user_data(), 5, 2), tdx_quote(user_data(), 5, 3)}) {
    const Report report = read_report("tdx_guest", quote);
    EXPECT_EQ(report.report_data, report_data_of(user_data()));
    EXPECT_FALSE(report.debug);
    EXPECT_EQ(registers(report), "mrtd=d0 rtmr0=e0 rtmr1=e1 rtmr2=e2 rtmr3=e3 ");
  }
}

TEST(AttestLayout, TdxDebugIsAnyBitOfTheLowestByteOfTheAttributes) {
  for (int bit = 0; bit < 64; ++bit) {
    Bytes quote = tdx_quote();
    put(quote, 48 + 120, std::uint64_t{1} << bit, 8);
    EXPECT_EQ(read_report("tdx_guest", quote).debug, bit < 8) << bit;
  }
}

TEST(AttestLayout, TdxQuotesAreRefusedAtEveryLength) {
  for (const Bytes& quote : {tdx_quote(), tdx_quote(user_data(), 5, 2), tdx_quote(user_data(), 5, 3)}) {
    for (std::size_t n = 0; n < quote.size(); ++n) {
      const Bytes cut(quote.begin(), quote.begin() + static_cast<std::ptrdiff_t>(n));
      EXPECT_TRUE(says(refusal([&] { read_report("tdx_guest", cut); }), "ends after " + std::to_string(n) + " bytes")) << n;
    }
    Bytes padded = quote;
    padded.resize(8000);
    EXPECT_EQ(registers(read_report("tdx_guest", padded)), registers(read_report("tdx_guest", quote)));
  }
}

TEST(AttestLayout, TdxQuotesOfAnotherKindAreRefused) {
  const auto with = [](Bytes quote, std::size_t at, std::uint64_t value, int width) {
    put(quote, at, value, width);
    return refusal([&] { read_report("tdx_guest", quote); });
  };
  EXPECT_TRUE(says(with(tdx_quote(), 0, 3, 2), "has version 3; this program reads versions 4 and 5"));
  EXPECT_TRUE(says(with(tdx_quote(), 4, 0, 4), "of another kind of machine than TDX"));
  EXPECT_TRUE(says(with(tdx_quote(), 632, 0, 4), "is not signed"));
  EXPECT_TRUE(says(with(tdx_quote(), 632, 0xffffffff, 4), "before all of it is there"));
  EXPECT_TRUE(says(with(tdx_quote(user_data(), 5), 48, 1, 2), "a body of kind 1; this program reads kinds 2 and 3"));
  EXPECT_TRUE(says(with(tdx_quote(user_data(), 5), 50, 584, 4), "a body of another length than its kind"));
  EXPECT_TRUE(says(with(tdx_quote(user_data(), 5), 50, 0xffffffff, 4), "a body of another length than its kind"));
  EXPECT_TRUE(says(refusal([] { read_report("arm_cca_guest", Bytes(2000)); }), "no report of \"arm_cca_guest\""));
}
