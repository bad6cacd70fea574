// Reports from a stand-in for the kernel: the right ones, and every trouble on the way. Nothing is ever left in the kernel's folder.
#include "../../src/attest/collect_through.hpp"
#include "attest_kernel.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::refusal;
using test::says;

namespace {

const ReportData kData = report_data_of(user_data());
constexpr std::chrono::milliseconds kPause(1);

TsmReport take(FakeKernel& kernel, std::chrono::milliseconds patience = std::chrono::minutes(1)) {
  return take_report(kernel, "/reports", kData, {patience, kPause});
}

std::string trouble(FakeKernel kernel) {
  const std::string why = refusal([&] { take(kernel, std::chrono::milliseconds(40)); });
  EXPECT_EQ(kernel.made, kernel.removed);
  return why;
}

FakeKernel failing(const std::string& operation, int error) {
  FakeKernel kernel;
  kernel.errors[operation] = error;
  return kernel;
}

}  // namespace

TEST(AttestTsm, GivesAReportForTheseData) {
  FakeKernel kernel;
  const TsmReport report = take(kernel);
  EXPECT_EQ(report.provider, "sev_guest");
  EXPECT_EQ(report.report, snp_report());
  EXPECT_EQ(report.auxiliary, kernel.auxiliary);
  EXPECT_EQ(kernel.asked, Bytes(kData.begin(), kData.end()));
  EXPECT_EQ(kernel.made, 1);
  EXPECT_EQ(kernel.removed, 1);
  EXPECT_EQ(kernel.level, "");
}

TEST(AttestTsm, TdxHasNoAuxiliaryFile) {
  FakeKernel kernel;
  kernel.provider = "tdx_guest";
  const TsmReport report = take(kernel);
  EXPECT_EQ(report.report, tdx_quote());
  EXPECT_TRUE(report.auxiliary.empty());
}

TEST(AttestTsm, BelowAParavisorAsksForItsOwnLevel) {
  for (const int floor : {0, 2}) {
    FakeKernel kernel;
    kernel.privlevel_floor = floor;
    EXPECT_EQ(take(kernel).report, snp_report());
    EXPECT_EQ(kernel.level, floor == 0 ? "" : "2");
  }
}

TEST(AttestTsm, TriesAgainWhenTheKernelIsBusyOrSomebodyElseWrote) {
  FakeKernel busy, interrupted, moved, dropped;
  busy.busy = 5;
  interrupted.busy = 1;
  interrupted.busy_error = EINTR;
  moved.moved = 4;
  dropped.dropped = 4;
  for (FakeKernel* kernel : {&busy, &interrupted, &moved, &dropped}) {
    EXPECT_EQ(take(*kernel).report, snp_report());
    EXPECT_GT(kernel->made, 1);
    EXPECT_EQ(kernel->made, kernel->removed);
  }
}

TEST(AttestTsm, TriesNotForever) {
  FakeKernel busy, moved, dropped;
  busy.busy = moved.moved = dropped.dropped = 1000000;
  EXPECT_TRUE(says(trouble(busy), "Device or resource busy; the kernel was busy with other reports all the time, try again later"));
  EXPECT_TRUE(says(trouble(moved), "something else writes to this rank's folder of it"));
  EXPECT_TRUE(says(trouble(dropped), "something else writes to this rank's folder of it, or nothing can"));
}

TEST(AttestTsm, SaysWhatFailedAndWhatToDo) {
  EXPECT_TRUE(says(trouble(failing("make", EACCES)), "cannot make /reports/shardlm-"));
  EXPECT_TRUE(says(trouble(failing("make", EACCES)), "Permission denied; run this rank as root, or give its user that folder"));
  EXPECT_TRUE(says(trouble(failing("make", ENXIO)), "load the kernel module tdx_guest or sev-guest"));
  EXPECT_TRUE(says(trouble(failing("write inblob", EIO)), "/inblob: Input/output error"));
  EXPECT_TRUE(says(trouble(failing("read outblob", ETIMEDOUT)), "the host's quoting service does not answer"));
  EXPECT_TRUE(says(trouble(failing("read outblob", EFBIG)), "larger than evidence may be"));
  EXPECT_TRUE(says(trouble(failing("read outblob", ENOENT)), "cannot read /reports/"));
  EXPECT_TRUE(says(trouble(failing("read provider", ENXIO)), "cannot read"));
  EXPECT_TRUE(says(trouble(failing("read generation", EACCES)), "cannot read"));
  EXPECT_TRUE(says(trouble(failing("read auxblob", EIO)), "cannot read"));
  EXPECT_TRUE(says(trouble(failing("read privlevel_floor", EIO)), "cannot read"));
  FakeKernel floor = failing("write privlevel", EINVAL);
  floor.privlevel_floor = 1;
  EXPECT_TRUE(says(trouble(floor), "/privlevel: Invalid argument"));
}

TEST(AttestTsm, TakesNoNonsense) {
  FakeKernel empty, text, large;
  empty.empty = true;
  EXPECT_TRUE(says(trouble(empty), "empty attestation report: the host of this machine does not make them"));
  for (const char* generation : {"", "x\n", "-1\n", "1 2\n", "123456789012345678901\n"}) {
    const std::string line = generation;
    text.contents["generation"] = Bytes(line.begin(), line.end());
    EXPECT_TRUE(says(trouble(text), "its generation is not a number"));
  }
  large.auxiliary.resize(kMostEvidence + 1);
  EXPECT_TRUE(says(trouble(large), "larger than evidence may be"));
  large.contents["provider"] = Bytes(5000, 'x');
  EXPECT_TRUE(says(trouble(large), "/provider: File too large"));
}

namespace {

// A tree that has the kernel's folder, and a policy.
struct Guest {
  Guest() {
    std::filesystem::create_directories(folder / "sys/kernel/config/tsm/report");
    machine = {folder.path(), "/nowhere/libnvidia-ml.so.1", std::chrono::milliseconds(50)};
    policy.mode = Mode::required;
  }
  Collected collect() { return attest::collect(policy, user_data(), machine, kernel); }
  test::TemporaryFolder folder;
  Machine machine;
  Policy policy;
  FakeKernel kernel;
};

}  // namespace

TEST(AttestCollect, GivesEvidenceThatAPeerAccepts) {
  for (const std::string provider : {"sev_guest", "tdx_guest"}) {
    Guest guest;
    guest.kernel.provider = provider;
    const Collected own = guest.collect();
    EXPECT_EQ(own.evidence.provider, provider);
    EXPECT_EQ(own.no_report, "");
    EXPECT_FALSE(own.evidence.gpu);
    EXPECT_TRUE(says(own.no_gpu, "/nowhere/libnvidia-ml.so.1 cannot be loaded"));
    EXPECT_TRUE(verify(guest.policy, pack(own.evidence), user_data()).hardware);
    EXPECT_NE(refusal([&] { verify(guest.policy, pack(own.evidence), user_data(2)); }), "");
  }
}

TEST(AttestCollect, DoesNotPassOnAReportThatIsNotItsOwn) {
  Guest guest;
  UserData other = user_data(9);
  guest.kernel.answer_for = &other;
  EXPECT_TRUE(says(refusal([&] { guest.collect(); }), "one for other data than this rank's"));
  guest.kernel.answer_for = nullptr;
  guest.kernel.provider = "arm_cca_guest";
  EXPECT_TRUE(says(refusal([&] { guest.collect(); }), "\"arm_cca_guest\", which this program does not know"));
  guest.kernel.provider = "sev_guest";
  guest.kernel.contents["outblob"] = Bytes(9000, 0xa1);
  EXPECT_TRUE(says(refusal([&] { guest.collect(); }), "9000 bytes instead of 1184"));
}

TEST(AttestCollect, SaysWhyThereIsNoReportWhereItIsOnlyPreferred) {
  Guest guest;
  guest.policy.mode = Mode::preferred;
  guest.kernel.errors["make"] = EPERM;
  const Collected own = guest.collect();
  EXPECT_TRUE(own.evidence == Evidence());
  EXPECT_TRUE(says(own.no_report, "run this rank as root"));
  guest.policy.mode = Mode::required;
  const std::string why = refusal([&] { guest.collect(); });
  EXPECT_TRUE(says(why, "attestation is required, but the kernel gives no attestation report"));
  EXPECT_TRUE(says(why, "run this rank as root"));
}

TEST(AttestCollect, AsksNobodyWhereThereIsToBeNone) {
  Guest guest;
  guest.policy.mode = Mode::none;
  const Collected own = guest.collect();
  EXPECT_TRUE(own.evidence == Evidence());
  EXPECT_EQ(own.no_report + own.no_gpu, "");
  EXPECT_EQ(guest.kernel.made, 0);
}
