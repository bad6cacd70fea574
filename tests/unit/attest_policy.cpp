// Policies as a deck writes them: mistakes show before anything runs.
#include "attest_reports.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::refusal;
using test::says;

namespace {

std::string with_measurement(const std::string& text, const std::string& provider = "") {
  Policy policy;
  policy.provider = provider;
  policy.measurements = {text};
  return refusal([&] { check(policy); });
}

std::string with_verifier(const std::string& command) {
  Policy policy;
  policy.verifier = command;
  return refusal([&] { check(policy); });
}

}  // namespace

TEST(AttestPolicy, ModesHaveNames) {
  EXPECT_EQ(mode_from("none"), Mode::none);
  EXPECT_EQ(mode_from("preferred"), Mode::preferred);
  EXPECT_EQ(mode_from("required"), Mode::required);
  for (const char* text : {"", "None", "require", "required "})
    EXPECT_TRUE(says(refusal([&] { mode_from(text); }), "it must be none, preferred or required"));
}

TEST(AttestPolicy, ProvidersHaveTheKernelsNames) {
  Policy policy;
  EXPECT_EQ(refusal([&] { check(policy); }), "");
  for (const char* text : {"tdx_guest", "sev_guest"}) {
    policy.provider = text;
    EXPECT_EQ(refusal([&] { check(policy); }), "");
  }
  for (const char* text : {"tdx", "SEV_GUEST", "arm_cca_guest", "tdx_guest\n"}) {
    policy.provider = text;
    EXPECT_TRUE(says(refusal([&] { check(policy); }), "it must be tdx_guest or sev_guest"));
  }
}

TEST(AttestPolicy, MeasurementsAreWholeHexNumbers) {
  const std::string good = digits_of(0xab);
  for (const std::string& text : {good, "measurement=" + good, "mrtd=" + good + ",rtmr0=" + good, good + ",rtmr3=" + good})
    EXPECT_EQ(with_measurement(text), "") << text;
  for (const std::string& text :
       {std::string(), good.substr(1), good + "0", std::string("mrtd="), "mrtd=" + good + ",", "x" + good.substr(1), good + "\n"})
    EXPECT_TRUE(says(with_measurement(text), "which is not 96 hex digits")) << text;
  EXPECT_TRUE(says(with_measurement("mrseam=" + good), "names the register \"mrseam\"; it must be measurement"));
}

TEST(AttestPolicy, MeasurementsAreOfOneProvider) {
  const std::string good = digits_of(0xab);
  EXPECT_EQ(with_measurement(good, "sev_guest"), "");
  EXPECT_EQ(with_measurement("measurement=" + good, "sev_guest"), "");
  EXPECT_EQ(with_measurement("rtmr2=" + good, "tdx_guest"), "");
  EXPECT_TRUE(says(with_measurement("rtmr2=" + good, "sev_guest"), "a register that reports of sev_guest do not have"));
  EXPECT_TRUE(says(with_measurement("measurement=" + good, "tdx_guest"), "a register that reports of tdx_guest do not have"));
  EXPECT_TRUE(says(with_measurement("measurement=" + good + ",mrtd=" + good), "a register that reports of sev_guest do not have"));
}

TEST(AttestPolicy, VerifiersArePlainWords) {
  for (const char* text : {"check", "/usr/bin/check -in {report}", " a  b ", "check -in={report} --data={report_data_hex} {provider}",
                           "x {auxiliary}{report_data}", "./verify-snp_1.sh a@b:c%d+e,f"})
    EXPECT_EQ(with_verifier(text), "") << text;
  for (const char* text : {"check $HOME", "check; rm x", "a|b", "a&b",  "a>b", "a<b", "`a`",  "$(a)", "a 'b c'", "a \"b\"", "a\\b",
                           "a*",          "a?",          "~/a", "a #b", "a!",  "[a]", "a\tb", "a\nb", "a }",     "a^b",     "a \x80"})
    EXPECT_TRUE(says(with_verifier(text), "it is run without a shell")) << text;
  EXPECT_TRUE(says(with_verifier(std::string("a\0b", 3)), "it is run without a shell"));
  for (const char* text : {"check {reports}", "check {", "check {}", "check {report", "check {{report}}"})
    EXPECT_TRUE(says(with_verifier(text), "the placeholders are {report}, {auxiliary}")) << text;
  EXPECT_TRUE(says(with_verifier("   "), "is blank; name a program"));
  EXPECT_TRUE(says(with_verifier("{report} x"), "must start with the name of a program"));
  Policy policy;
  policy.verifier_limit = std::chrono::milliseconds(0);
  EXPECT_TRUE(says(refusal([&] { check(policy); }), "is given no time"));
}

// A deck's mistake is no peer's fault, and shows even where nothing will be asked.
TEST(AttestPolicy, IsCheckedBeforeAnythingElse) {
  Policy policy;
  policy.measurements = {"x"};
  EXPECT_TRUE(says(refusal([&] { verify(policy, {}, user_data()); }), "which is not 96 hex digits"));
  EXPECT_TRUE(says(refusal([&] { verify(policy, {1}, user_data()); }), "which is not 96 hex digits"));
}
