// What a policy makes of a peer's evidence: accepted, with a summary that says no more than was checked, or refused with the reason.
#include "attest_reports.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::refusal;
using test::says;

namespace {

Policy policy_of(Mode mode) {
  Policy policy;
  policy.mode = mode;
  return policy;
}

Verdict verdict(const Policy& policy, const Evidence& evidence) { return verify(policy, pack(evidence), user_data()); }
std::string refused(const Policy& policy, const Evidence& evidence) {
  return refusal([&] { verdict(policy, evidence); });
}

Policy expecting(const std::vector<std::string>& measurements) {
  Policy policy = policy_of(Mode::required);
  policy.measurements = measurements;
  return policy;
}

Evidence with_gpu(Evidence evidence, const GpuState& gpu) {
  evidence.gpu = gpu;
  return evidence;
}

}  // namespace

TEST(AttestVerify, NoneLooksAtNothing) {
  const Bytes nonsense = {1, 2, 3};
  const Verdict none = verify(policy_of(Mode::none), nonsense, user_data());
  EXPECT_EQ(none.summary, "attestation: none (software encryption only)");
  EXPECT_FALSE(none.hardware || none.measured || none.verified || none.gpu);
}

TEST(AttestVerify, PreferredTakesAPeerWithoutAnythingButNothingWrong) {
  const Policy policy = policy_of(Mode::preferred);
  for (const Evidence& evidence : {Evidence(), Evidence{"", {}, {}, kConfidential}}) {
    const Verdict none = verdict(policy, evidence);
    EXPECT_EQ(none.summary, "attestation: none (software encryption only)");
    EXPECT_FALSE(none.hardware || none.measured || none.verified || none.gpu);
  }
  EXPECT_TRUE(says(refusal([&] { verify(policy, {1, 2, 3, 4, 5}, user_data()); }), "something else"));
  EXPECT_TRUE(says(refusal([&] { verify(policy, pack(snp_evidence()), user_data(2)); }), "not made for this peer in this run"));
}

TEST(AttestVerify, RequiredTakesNoPeerWithout) {
  for (const Evidence& evidence : {Evidence(), Evidence{"", {}, {}, kConfidential}})
    EXPECT_TRUE(says(refused(policy_of(Mode::required), evidence),
                     "attestation is required, but the peer presents no report of a protected machine; start it in an Intel TDX or AMD"));
}

TEST(AttestVerify, SaysWhatWasNotChecked) {
  const Verdict snp = verdict(policy_of(Mode::required), snp_evidence());
  EXPECT_EQ(snp.summary,
            "attestation: sev_guest, user data matches, measurement not compared (none named); signature not verified (no verifier named)");
  EXPECT_TRUE(snp.hardware);
  EXPECT_FALSE(snp.measured || snp.verified || snp.gpu);
  EXPECT_EQ(verdict(policy_of(Mode::preferred), tdx_evidence()).summary,
            "attestation: tdx_guest, user data matches, measurement not compared (none named); signature not verified (no verifier named)");
}

TEST(AttestVerify, SaysWhatMatched) {
  const Verdict snp = verdict(expecting({digits_of(0x11), digits_of(0x5a)}), snp_evidence());
  EXPECT_EQ(snp.summary, "attestation: sev_guest, user data and measurement match; signature not verified (no verifier named)");
  EXPECT_TRUE(snp.hardware && snp.measured);
  EXPECT_FALSE(snp.verified);
  const Verdict tdx = verdict(expecting({"mrtd=" + digits_of(0xd0) + ",rtmr1=" + digits_of(0xe1)}), tdx_evidence());
  EXPECT_EQ(tdx.summary, "attestation: tdx_guest, user data, mrtd and rtmr1 match; signature not verified (no verifier named)");
  EXPECT_EQ(verdict(expecting({digits_of(0xd0)}), tdx_evidence()).summary,
            "attestation: tdx_guest, user data and mrtd match; signature not verified (no verifier named)");
}

TEST(AttestVerify, MeasurementsFitAsAWholeOrNot) {
  const std::string upper = "MRTD";
  const std::vector<std::pair<std::string, bool>> cases = {
      {"mrtd=" + digits_of(0xd0), true},
      {"mrtd=" + digits_of(0xd1), false},
      {"rtmr0=" + digits_of(0xe0) + ",rtmr1=" + digits_of(0xe1) + ",rtmr2=" + digits_of(0xe2) + ",rtmr3=" + digits_of(0xe3), true},
      {"rtmr0=" + digits_of(0xe0) + ",rtmr1=" + digits_of(0xe1) + ",rtmr2=" + digits_of(0xe3) + ",rtmr3=" + digits_of(0xe3), false},
      {digits_of(0xd0) + ",rtmr3=" + digits_of(0xe3), true},
      {digits_of(0xd0) + ",rtmr3=" + digits_of(0xe2), false},
      {digits_of(0xe0), false},                   // an RTMR is not what a bare measurement means
      {"measurement=" + digits_of(0xd0), false},  // nor is MRTD what SEV-SNP measures
      {"D0" + digits_of(0xd0).substr(2), true}};
  for (const auto& [text, fits] : cases) EXPECT_EQ(refused(expecting({text}), tdx_evidence()).empty(), fits) << text;
  EXPECT_NE(refused(expecting({"mrtd=" + digits_of(0x5a)}), snp_evidence()), "");
}

TEST(AttestVerify, AnUnknownMeasurementIsNamedAsADeckWouldHaveIt) {
  const std::string snp = refused(expecting({digits_of(0x11)}), snp_evidence());
  EXPECT_TRUE(
      says(snp, "the peer's attestation is refused: its measurement is none of those expected (1): it is measurement=" + digits_of(0x5a)));
  const std::string tdx = refused(expecting({digits_of(0x11), digits_of(0x12)}), tdx_evidence());
  EXPECT_TRUE(says(tdx, "none of those expected (2): it is mrtd=" + digits_of(0xd0) + ",rtmr0=" + digits_of(0xe0)));
  EXPECT_EQ(refused(expecting({tdx.substr(tdx.find("mrtd="))}), tdx_evidence()), "");
}

TEST(AttestVerify, TheProviderMustBeTheOneThatIsDemanded) {
  Policy policy = policy_of(Mode::required);
  policy.provider = "tdx_guest";
  EXPECT_EQ(refused(policy, tdx_evidence()), "");
  EXPECT_TRUE(says(refused(policy, snp_evidence()), "it is of sev_guest, and tdx_guest is demanded"));
  policy.provider = "sev_guest";
  EXPECT_EQ(refused(policy, snp_evidence()), "");
  EXPECT_TRUE(says(refused(policy, tdx_evidence()), "it is of tdx_guest, and sev_guest is demanded"));
}

// One bit of 512: another run's report, and data where the zeros must be.
TEST(AttestVerify, UserDataMustBeExactlyThese) {
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Evidence snp = snp_evidence(), tdx = tdx_evidence();
    snp.report[0x50 + bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    tdx.report[48 + 520 + bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    for (const Evidence& evidence : {snp, tdx})
      EXPECT_TRUE(says(refused(policy_of(Mode::preferred), evidence), "not made for this peer in this run"));
  }
}

TEST(AttestVerify, MachinesOpenToDebuggersAreRefused) {
  Evidence snp = snp_evidence(), tdx = tdx_evidence();
  snp.report[0x0a] |= 0x08;
  tdx.report[48 + 120] |= 0x01;
  for (const Evidence& evidence : {snp, tdx})
    EXPECT_TRUE(says(refused(policy_of(Mode::preferred), evidence), "its host or tools may look into its machine"));
}

TEST(AttestVerify, ReportsThatAreNoneAreRefused) {
  Evidence snp = snp_evidence(), tdx = tdx_evidence();
  snp.report.pop_back();
  tdx.report.resize(600);
  EXPECT_TRUE(says(refused(policy_of(Mode::preferred), snp), "the peer's attestation is refused: the SEV-SNP report has 1183 bytes"));
  EXPECT_TRUE(says(refused(policy_of(Mode::preferred), tdx), "the peer's attestation is refused: the TDX quote ends after 600 bytes"));
  std::swap(snp.report, tdx.report);
  EXPECT_NE(refused(policy_of(Mode::preferred), snp), "");
  EXPECT_NE(refused(policy_of(Mode::preferred), tdx), "");
}

TEST(AttestVerify, GpusWhereTheyAreDemanded) {
  Policy policy = policy_of(Mode::required);
  policy.gpu = true;
  EXPECT_TRUE(says(refused(policy, snp_evidence()), "it says nothing about GPUs, and confidential ones are demanded"));
  EXPECT_TRUE(says(refused(policy, with_gpu(snp_evidence(), GpuState())), "of the peer's it says that confidential computing is off"));
  EXPECT_TRUE(says(refused(policy, with_gpu(snp_evidence(), {2, 1, 1, 1, 0})), "developer tools may look into them"));
  const Verdict good = verdict(policy, with_gpu(snp_evidence(), kConfidential));
  EXPECT_TRUE(good.gpu);
  EXPECT_TRUE(says(good.summary, "; GPUs confidential by the peer's word"));
  policy.gpu = false;
  const Verdict bad = verdict(policy, with_gpu(snp_evidence(), GpuState()));
  EXPECT_FALSE(bad.gpu);
  EXPECT_TRUE(says(bad.summary, "; GPUs not confidential: confidential computing is off"));
}

// Any bit of the report turned: the built-in check may not notice, as it verifies no signature, but it never falls over.
TEST(AttestVerify, AnyBitOfAReportMayBeTurned) {
  const Policy policy = expecting({digits_of(0x5a), digits_of(0xd0)});
  for (const Evidence& evidence : {snp_evidence(), tdx_evidence()}) {
    const Bytes sound = pack(evidence);
    for (std::size_t bit = 0; bit < 8 * sound.size(); ++bit) {
      Bytes turned = sound;
      turned[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      try {
        EXPECT_TRUE(verify(policy, turned, user_data()).measured);
      } catch (const Error& e) {
        EXPECT_TRUE(says(e.what(), "peer"));
      }
    }
  }
}
