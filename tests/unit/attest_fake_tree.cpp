// The real file operations, on a tree of folders and pipes that a thread answers through as configfs would, and on trees without any.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "../../src/attest/collect_through.hpp"
#include "attest_reports.hpp"

using namespace shardlm;
using namespace shardlm::attest;
using test::refusal;
using test::says;

namespace {

// Fills a folder as it is made, and answers for three reads of `generation`, a pipe: who reads it waits for the thread, which so knows how
// far things are. Before the third answer the folder is emptied, because rmdir in configfs takes the attributes along and here it does not.
class Tree : public KernelFiles {
 public:
  ~Tree() override {
    if (thread_.joinable()) thread_.join();
  }
  int make_folder(const std::string& path) override {
    if (const int error = KernelFiles::make_folder(path); error != 0) return error;
    if (thread_.joinable()) thread_.join();
    test::write_file(path + "/provider", "tdx_guest\n");
    test::write_file(path + "/inblob", "");
    mkfifo((path + "/generation").c_str(), 0600);
    thread_ = std::thread([path] {
      answer(path, "0\n", [] {});
      answer(path, "1\n", [&] {
        const std::string inblob = test::read_file(path + "/inblob");
        UserData data{};
        if (inblob.size() == 64) std::copy_n(inblob.begin(), data.size(), data.begin());
        Bytes quote = tdx_quote(data);
        quote.resize(20000);  // more than one read
        test::write_file(path + "/outblob", std::string(quote.begin(), quote.end()));
      });
      answer(path, "1\n", [&] {
        for (const auto& entry : std::filesystem::directory_iterator(path)) std::filesystem::remove(entry.path());
      });
    });
    return 0;
  }

 private:
  template <class F>
  static void answer(const std::string& path, const std::string& line, const F& first) {
    const std::string name = path + "/generation";
    const int pipe = open(name.c_str(), O_WRONLY | O_CLOEXEC);  // waits for the reader
    unlink(name.c_str());
    mkfifo(name.c_str(), 0600);  // for the next
    first();
    EXPECT_EQ(::write(pipe, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    close(pipe);
  }
  std::thread thread_;
};

Machine machine_of(const test::TemporaryFolder& folder) {
  return {folder.path(), folder / "libnvidia-ml.so.1", std::chrono::milliseconds(50)};
}

Policy policy_of(Mode mode) {
  Policy policy;
  policy.mode = mode;
  return policy;
}

}  // namespace

TEST(AttestTree, AReportComesThroughRealFiles) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "sys/kernel/config/tsm/report");
  Tree files;
  const Collected own = collect(policy_of(Mode::required), user_data(), machine_of(folder), files);
  EXPECT_EQ(own.evidence.provider, "tdx_guest");
  EXPECT_EQ(own.evidence.report.size(), 20000u);
  EXPECT_TRUE(verify(policy_of(Mode::required), pack(own.evidence), user_data()).hardware);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "sys/kernel/config/tsm/report"));
}

TEST(AttestTree, FilesGiveTheSystemsErrors) {
  const test::TemporaryFolder folder;
  KernelFiles files;
  Bytes content;
  EXPECT_EQ(files.make_folder(folder / "a"), 0);
  EXPECT_EQ(files.make_folder(folder / "a"), EEXIST);
  EXPECT_EQ(files.make_folder(folder / "no/such"), ENOENT);
  EXPECT_EQ(files.read(folder / "a/none", 10, content), ENOENT);
  EXPECT_EQ(files.write(folder / "a/none", "x", 1), ENOENT);
  test::write_file(folder / "a/file", "0123456789");
  EXPECT_EQ(files.read(folder / "a/file", 10, content), 0);
  EXPECT_EQ(content.size(), 10u);
  EXPECT_EQ(files.read(folder / "a/file", 9, content), EFBIG);
  EXPECT_EQ(files.write(folder / "a/file", "xy", 2), 0);
  EXPECT_EQ(test::read_file(folder / "a/file"), "xy23456789");  // configfs has no lengths to cut
  EXPECT_EQ(files.read(folder / "a", 10, content), EISDIR);
  EXPECT_EQ(files.remove_folder(folder / "a"), ENOTEMPTY);
  std::filesystem::remove(folder / "a/file");
  EXPECT_EQ(files.remove_folder(folder / "a"), 0);
}

// A folder that does not react, as anywhere else than in configfs.
TEST(AttestTree, AFolderThatIsNotTheKernelsIsLeftAsItWas) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "sys/kernel/config/tsm/report");
  const Collected own = collect(policy_of(Mode::preferred), user_data(), machine_of(folder));
  EXPECT_TRUE(own.evidence == Evidence());
  EXPECT_TRUE(says(own.no_report, "/generation: No such file or directory"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "sys/kernel/config/tsm/report"));
}

TEST(AttestTree, WithoutHardwareThereIsNone) {
  const test::TemporaryFolder folder;
  const Collected own = collect(policy_of(Mode::preferred), user_data(), machine_of(folder));
  EXPECT_TRUE(pack(own.evidence).empty());
  EXPECT_TRUE(says(own.no_report, "this machine is no Intel TDX or AMD SEV-SNP guest: " + folder.path() + "/dev/tdx_guest"));
  EXPECT_TRUE(says(own.no_gpu, "libnvidia-ml.so.1 cannot be loaded"));
  const Verdict verdict = verify(policy_of(Mode::preferred), pack(own.evidence), user_data());
  EXPECT_EQ(verdict.summary, "attestation: none (software encryption only)");
  EXPECT_FALSE(verdict.hardware || verdict.measured || verdict.verified || verdict.gpu);
}

TEST(AttestTree, WithoutHardwareItCannotBeRequired) {
  const test::TemporaryFolder folder;
  const auto why = [&] { return refusal([&] { collect(policy_of(Mode::required), user_data(), machine_of(folder)); }); };
  EXPECT_TRUE(says(why(), "attestation is required, but this machine is no Intel TDX or AMD SEV-SNP guest"));
  EXPECT_TRUE(says(why(), "start this rank in such a guest (or set attestation to preferred or none)"));
  std::filesystem::create_directories(folder / "dev");
  test::write_file(folder / "dev/sev-guest", "");
  EXPECT_TRUE(says(why(), "is an AMD SEV-SNP guest, as " + folder.path() + "/dev/sev-guest says, but"));
  EXPECT_TRUE(says(why(), "mount -t configfs none /sys/kernel/config"));
  test::write_file(folder / "dev/tdx_guest", "");
  EXPECT_TRUE(says(why(), "is an Intel TDX guest"));
}
