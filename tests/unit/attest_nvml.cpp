// The state of GPUs, from a library that stands in for NVIDIA's (nvml/fake_nvml.cpp).
#include "../../src/attest/nvml.hpp"
#include "attest_reports.hpp"
#include "shardlm/attest/collect.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::says;

namespace {

constexpr const char *kFake = SHARDLM_FAKE_NVML, *kOld = SHARDLM_FAKE_NVML_OLD;

class AttestNvml : public testing::Test {
 protected:
  void SetUp() override {
    if (access(kFake, R_OK) != 0) GTEST_SKIP() << kFake << " is not on this machine";
    unsetenv("FAKE_NVML_SESSIONS");
  }
  void TearDown() override {
    const char* sessions = getenv("FAKE_NVML_SESSIONS");
    EXPECT_EQ(sessions ? std::string(sessions) : "0", "0") << "sessions that were not ended";
    unsetenv("FAKE_NVML");
  }
  std::optional<GpuState> ask(const char* answers, const char* library = kFake) {
    setenv("FAKE_NVML", answers, 1);
    why.clear();
    return gpu_state(library, why);
  }
  std::string why;
};

}  // namespace

TEST_F(AttestNvml, SaysWhatTheLibrarySays) {
  EXPECT_TRUE(ask("0,0,2,1,0,0,1,0,0") == kConfidential);
  EXPECT_TRUE(ask("0,0,2,1,0,0,1,0,2") == (GpuState{2, 1, 0, 1, 2}));
  EXPECT_TRUE(ask("0,0,11,12,13,0,14,0,15") == (GpuState{11, 12, 13, 14, 15}));
  EXPECT_EQ(why, "");
}

TEST_F(AttestNvml, EveryStateButOneHasAFault) {
  EXPECT_EQ(fault(*ask("0,0,2,1,0,0,1,0,0")), "");
  EXPECT_TRUE(says(fault(*ask("0,0,1,1,0,0,1,0,0")), "not the one for production"));
  EXPECT_TRUE(says(fault(*ask("0,0,0,0,0,0,1,0,0")), "confidential computing is off"));
  EXPECT_TRUE(says(fault(*ask("0,0,2,0,0,0,1,0,1")), "protected PCIe mode"));
  EXPECT_TRUE(says(fault(*ask("0,0,2,1,1,0,1,0,0")), "developer tools"));
  EXPECT_TRUE(says(fault(*ask("0,0,2,1,0,0,0,0,0")), "not ready"));
  EXPECT_TRUE(says(fault(*ask("0,0,2,1,0,3,1,0,0")), "not ready"));  // it cannot say whether they are
}

TEST_F(AttestNvml, NotSupportedMeansThatThereIsNone) {
  EXPECT_TRUE(ask("0,3,2,1,0,0,1,0,0") == GpuState());
  EXPECT_EQ(why, "");
}

TEST_F(AttestNvml, DriversBefore550KnowNoSettings) {
  for (const char* answers : {"0,0,2,1,0,0,1,3,0", "0,0,2,1,0,0,1,0,0,1"})
    EXPECT_TRUE(ask(answers) == (GpuState{2, 1, 0, 1, GpuState::kNotSaid}));
}

TEST_F(AttestNvml, SaysWhyItKnowsNothing) {
  EXPECT_FALSE(ask("9"));
  EXPECT_TRUE(says(why, "does not start (NVML error 9)"));
  EXPECT_FALSE(ask("0,999"));
  EXPECT_TRUE(says(why, "does not tell (NVML error 999)"));
  EXPECT_FALSE(ask("0", kOld));
  EXPECT_TRUE(says(why, "of a driver that knows no confidential computing"));
  EXPECT_FALSE(ask("0", "/nowhere/libnvidia-ml.so.1"));
  EXPECT_TRUE(says(why, "/nowhere/libnvidia-ml.so.1 cannot be loaded"));
  const test::TemporaryFolder folder;
  test::write_file(folder / "text.so", "not a library");
  EXPECT_FALSE(ask("0", (folder / "text.so").c_str()));
  EXPECT_TRUE(says(why, "text.so cannot be loaded"));
}

TEST_F(AttestNvml, IsPartOfTheEvidence) {
  const test::TemporaryFolder folder;
  Policy policy;
  policy.mode = Mode::preferred;
  setenv("FAKE_NVML", "0,0,2,1,0,0,1,0,0", 1);
  const Collected own = collect(policy, user_data(), {folder.path(), kFake, std::chrono::milliseconds(50)});
  EXPECT_TRUE(own.evidence.gpu == kConfidential);
  EXPECT_EQ(own.no_gpu, "");
  EXPECT_TRUE(parse(pack(own.evidence)).gpu == kConfidential);
  EXPECT_EQ(verify(policy, pack(own.evidence), user_data()).summary, "attestation: none (software encryption only)");
}
