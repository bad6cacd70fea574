// The verifier command: what it is given, what it may answer, and that it can neither hang a rank nor leave anything behind.
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "attest_reports.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::refusal;
using test::says;

namespace {

// Scripts, the folder that they may write to, and an empty one for the files of a verification.
class AttestVerifier : public testing::Test {
 protected:
  AttestVerifier() {
    std::filesystem::create_directory(folder / "tmp");
    setenv("TMPDIR", (folder / "tmp").c_str(), 1);
    setenv("OUT", folder.path().c_str(), 1);
    policy.mode = Mode::required;
  }
  ~AttestVerifier() override {
    unsetenv("TMPDIR");
    unsetenv("OUT");
    EXPECT_TRUE(std::filesystem::is_empty(folder / "tmp")) << "files of a verification are left";
  }
  std::string script(const std::string& lines) {
    const std::string path = folder / "verify-it";
    test::write_file(path, "#!/bin/sh\n" + lines + "\n");
    chmod(path.c_str(), 0700);
    return path;
  }
  // With a script as the verifier.
  Verdict run(const std::string& lines, const std::string& arguments = "") {
    policy.verifier = script(lines) + arguments;
    return verify(policy, pack(evidence), user_data());
  }
  std::string refused(const std::string& lines, const std::string& arguments = "") {
    return refusal([&] { run(lines, arguments); });
  }
  std::string out(const std::string& name) { return test::read_file(folder / name); }

  test::TemporaryFolder folder;
  Policy policy;
  Evidence evidence = snp_evidence();
};

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_F(AttestVerifier, AcceptsByExitStatusZero) {
  policy.measurements = {digits_of(0x5a)};
  const Verdict verdict = run("echo this is ignored");
  EXPECT_EQ(verdict.summary, "attestation: sev_guest, user data and measurement match; verified by verify-it");
  EXPECT_TRUE(verdict.hardware && verdict.measured && verdict.verified);
  policy.measurements.clear();
  EXPECT_EQ(run("exit 0").summary,
            "attestation: sev_guest, user data matches, measurement not compared (none named); verified by verify-it");
}

TEST_F(AttestVerifier, RefusesByAnyOther) {
  EXPECT_TRUE(says(refused("echo; echo '  the VCEK is revoked'; echo more; exit 2"),
                   "the attestation's verifier verify-it refuses the peer's report (exit status 2): the VCEK is revoked"));
  EXPECT_TRUE(says(refused("echo FATAL: no collateral >&2; exit 255"), "(exit status 255): FATAL: no collateral"));
  EXPECT_TRUE(says(refused("exit 1"), "refuses the peer's report (exit status 1)"));
  EXPECT_TRUE(says(refused("kill -SEGV $$"), "was ended by signal 11, which counts as a refusal"));
}

TEST_F(AttestVerifier, GetsFilesAndWordsForItself) {
  evidence.auxiliary = {0, 'c', 0xff};
  run("for a; do echo \"$a\" >>$OUT/arguments; done; cp \"$1\" $OUT/r; cp \"$2\" $OUT/a; cp \"$3\" $OUT/d\n"
      "stat -c %a \"$1\" \"${1%/*}\" >$OUT/modes; ls \"${1%/*}\" >$OUT/files; cat >$OUT/input",
      " {report} {auxiliary} {report_data} x={report_data_hex}={provider} {provider}");
  const ReportData data = report_data_of(user_data());
  EXPECT_EQ(out("r"), text_of(evidence.report));
  EXPECT_EQ(out("a"), text_of(evidence.auxiliary));
  EXPECT_EQ(out("d"), text_of({data.begin(), data.end()}));
  EXPECT_EQ(out("modes"), "600\n700\n");
  EXPECT_EQ(out("files"), "auxiliary\nreport\nreport_data\n");
  EXPECT_EQ(out("input"), "");
  EXPECT_NE(out("arguments").find("\nx=" + to_hex(data) + "=sev_guest\nsev_guest\n"), std::string::npos);
}

TEST_F(AttestVerifier, HasTheSameInItsEnvironment) {
  setenv("SHARDLM_REPORT", "somebody else's", 1);
  run("echo \"$SHARDLM_REPORT_DATA_HEX $SHARDLM_PROVIDER\" >$OUT/words; cp \"$SHARDLM_REPORT\" $OUT/r\n"
      "cp \"$SHARDLM_AUXILIARY\" $OUT/a; cp \"$SHARDLM_REPORT_DATA\" $OUT/d");
  unsetenv("SHARDLM_REPORT");
  const ReportData data = report_data_of(user_data());
  EXPECT_EQ(out("words"), to_hex(data) + " sev_guest\n");
  EXPECT_EQ(out("r"), text_of(evidence.report));
  EXPECT_EQ(out("d"), text_of({data.begin(), data.end()}));
}

// What it leaves in the folder of the files goes with that.
TEST_F(AttestVerifier, MayLeaveFilesThere) {
  EXPECT_TRUE(run("cd \"${SHARDLM_REPORT%/*}\" && mkdir -p certs/deep && echo x >certs/deep/vcek.pem && ln -s / root").verified);
  EXPECT_TRUE(std::filesystem::exists("/tmp"));
}

// The built-in check comes first: a verifier that takes everything does not save wrong user data.
TEST_F(AttestVerifier, DoesNotReplaceTheBuiltInCheck) {
  policy.verifier = script("echo was here >$OUT/ran");
  EXPECT_TRUE(says(refusal([&] { verify(policy, pack(evidence), user_data(2)); }), "not made for this peer"));
  evidence.report[0x0a] |= 0x08;
  EXPECT_TRUE(says(refusal([&] { verify(policy, pack(evidence), user_data()); }), "may look into its machine"));
  EXPECT_EQ(out("ran"), "");
}

TEST_F(AttestVerifier, IsNotRunWithoutAReport) {
  policy.mode = Mode::preferred;
  policy.verifier = script("echo was here >$OUT/ran");
  const Verdict none = verify(policy, {}, user_data());
  EXPECT_EQ(none.summary, "attestation: none (software encryption only)");
  EXPECT_FALSE(none.verified);
  EXPECT_EQ(out("ran"), "");
}

TEST_F(AttestVerifier, ThatHangsIsEndedWithItsChildren) {
  policy.verifier_limit = std::chrono::milliseconds(500);
  const auto before = std::chrono::steady_clock::now();
  const std::string why = refused("echo asking the network; sleep 60 & echo $! >$OUT/child; trap '' TERM; sleep 60; exit 0");
  EXPECT_TRUE(says(why, "has said nothing about the peer's report within 500 milliseconds, which counts as a refusal"));
  EXPECT_TRUE(says(why, ": asking the network"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  const int child = std::stoi(out("child"));
  for (int i = 0; i < 100 && test::read_file("/proc/" + std::to_string(child) + "/comm") == "sleep\n"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_NE(test::read_file("/proc/" + std::to_string(child) + "/cmdline"), std::string("sleep\00060\0", 9));
}

// Its end counts, not that of what it leaves running with its outputs open.
TEST_F(AttestVerifier, NeedNotWaitForItsChildren) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(run("sleep 60 &\nexit 0").verified);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
}

TEST_F(AttestVerifier, MayTalkWithoutEnd) {
  policy.verifier_limit = std::chrono::milliseconds(400);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(says(refused("exec yes blah"), ": blah"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  policy.verifier_limit = std::chrono::seconds(30);
  EXPECT_TRUE(says(refused("head -c 3000000 /dev/zero; exit 3"), "(exit status 3): ????"));
  EXPECT_TRUE(run("head -c 3000000 /dev/zero").verified);
  EXPECT_TRUE(run("exec >&- 2>&-; sleep 0.2").verified);
  EXPECT_LT(refused("head -c 100000 /dev/zero | tr '\\0' x; exit 1").size(), 500u);
}

TEST_F(AttestVerifier, ThatIsMissingIsNamed) {
  const auto missing = [&](const std::string& command) {
    policy.verifier = command;
    return refusal([&] { verify(policy, pack(evidence), user_data()); });
  };
  EXPECT_TRUE(says(missing("no-such-verifier {report}"), "cannot run the attestation's verifier \"no-such-verifier\": "));
  EXPECT_TRUE(says(missing(folder / "none"), "name a program that is on this rank's machine"));
  test::write_file(folder / "plain", "#!/bin/sh\nexit 0\n");
  chmod((folder / "plain").c_str(), 0600);
  EXPECT_TRUE(says(missing(folder / "plain"), "Permission denied"));
  EXPECT_TRUE(says(missing(folder.path()), "Permission denied"));
  EXPECT_EQ(missing("true"), "");  // looked up in PATH
}

TEST_F(AttestVerifier, NeedsAFolderForItsFiles) {
  policy.verifier = script("exit 0");
  setenv("TMPDIR", (folder / "tmp/none").c_str(), 1);
  const std::string none = refusal([&] { verify(policy, pack(evidence), user_data()); });
  setenv("TMPDIR", "/proc", 1);
  EXPECT_TRUE(says(refusal([&] { verify(policy, pack(evidence), user_data()); }), "set TMPDIR to a folder where this rank may"));
  EXPECT_EQ(none, "");  // as the standard library has it, /tmp takes the place of one that is not there
}

// Sockets and files of the rank are none of its business.
TEST_F(AttestVerifier, InheritsNoFiles) {
  ASSERT_EQ(dup2(2, 77), 77);
  EXPECT_TRUE(run("test ! -e /proc/$$/fd/77").verified);
  close(77);
}

TEST_F(AttestVerifier, RunsWithFreshSignals) {
  struct sigaction before {
  }, ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  EXPECT_TRUE(says(refused("kill -PIPE $$; sleep 1; exit 0"), "ended by signal 13"));
  sigaction(SIGPIPE, &before, nullptr);
}

// Where the ends of children are ignored nobody learns that a verifier accepted, so it did not.
TEST_F(AttestVerifier, WhoseAnswerIsLostRefuses) {
  struct sigaction before {
  }, ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGCHLD, &ignore, &before);
  const std::string why = refused("exit 0");
  sigaction(SIGCHLD, &before, nullptr);
  EXPECT_TRUE(says(why, "exit status 255"));
}
