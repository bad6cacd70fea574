#include "tsm.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "hex.hpp"

namespace shardlm::attest {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostText = 4096;  // of an attribute that is text
constexpr int kMostMoves = 5;

// What may go well when it is tried again; says why it did not, should there be no more time.
struct Again : Error {
  Again(const std::string& sentence, bool something_moved) : Error(sentence), moved(something_moved) {}
  bool moved;
};

// What to do about it.
std::string advice(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "; run this rank as root, or give its user that folder";
    case ENXIO:
      return "; load the kernel module tdx_guest or sev-guest";
    case ETIMEDOUT:
      return "; the host's quoting service does not answer, look at it there";
    case EFBIG:
      return "; the report is larger than evidence may be";
    case EBUSY:
    case EINTR:
      return "; the kernel was busy with other reports all the time, try again later";
    default:
      return "";
  }
}

Error cannot(const std::string& what, const std::string& path, int error) {
  return Error("the kernel gives no attestation report: cannot " + what + " " + path + ": " + std::strerror(error) + advice(error));
}

std::string random_name() {
  std::array<std::uint8_t, 8> number;
  if (getrandom(number.data(), number.size(), 0) != static_cast<ssize_t>(number.size())) throw Error("the system gives no random numbers");
  return "shardlm-" + to_hex(number);
}

std::string line_of(const Bytes& content) {
  std::string line(content.begin(), content.end());
  if (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

std::uint64_t number_in(const std::string& name, const std::string& line) {
  if (line.empty() || line.size() > 20 || line.find_first_not_of("0123456789") != std::string::npos)
    throw Error("the kernel gives no attestation report: its " + name + " is not a number");
  return std::strtoull(line.c_str(), nullptr, 10);
}

// A folder of this call's own, gone with it.
class Folder {
 public:
  Folder(ReportFiles& files, const std::string& reports) : files_(files), path_(reports + "/" + random_name()) {
    if (const int error = files_.make_folder(path_); error != 0) throw cannot("make", path_, error);
  }
  ~Folder() { files_.remove_folder(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // False where the provider has no such attribute.
  bool has(const std::string& name, Bytes& content, std::size_t most) const {
    const int error = files_.read(path_ + "/" + name, most, content);
    if (error == 0) return true;
    if (error == ENOENT) return false;
    const Error why = cannot("read", path_ + "/" + name, error);
    if (error == EBUSY || error == EINTR || error == EAGAIN) throw Again(why.what(), false);
    throw why;
  }
  Bytes bytes(const std::string& name, std::size_t most) const {
    Bytes content;
    if (!has(name, content, most)) throw cannot("read", path_ + "/" + name, ENOENT);
    return content;
  }
  std::string text(const std::string& name) const { return line_of(bytes(name, kMostText)); }
  std::uint64_t number(const std::string& name) const { return number_in(name, text(name)); }
  void write(const std::string& name, const void* content, std::size_t n) const {
    if (const int error = files_.write(path_ + "/" + name, content, n); error != 0) throw cannot("write", path_ + "/" + name, error);
  }

 private:
  ReportFiles& files_;
  std::string path_;
};

// A guest below a paravisor must ask for its own privilege level or a lesser one, and the kernel's default is the highest. Returns how
// often it wrote.
int lower_privilege(const Folder& folder) {
  Bytes floor;
  if (!folder.has("privlevel_floor", floor, kMostText)) return 0;
  const std::string level = line_of(floor);
  if (number_in("privlevel_floor", level) == 0) return 0;
  folder.write("privlevel", level.data(), level.size());
  return 1;
}

// Again if somebody else has written to this folder, or the kernel did not take what was written.
void expect_generation(const Folder& folder, std::uint64_t generation) {
  if (folder.number("generation") != generation)
    throw Again("the kernel gives no attestation report: something else writes to this rank's folder of it, or nothing can", true);
}

TsmReport attempt(ReportFiles& files, const std::string& reports, const ReportData& data) {
  const Folder folder(files, reports);
  std::uint64_t generation = folder.number("generation");
  generation += lower_privilege(folder);
  folder.write("inblob", data.data(), data.size());
  expect_generation(folder, ++generation);
  TsmReport report;
  report.provider = folder.text("provider");
  report.report = folder.bytes("outblob", kMostEvidence);
  folder.has("auxblob", report.auxiliary, kMostEvidence);
  expect_generation(folder, generation);
  if (report.report.empty())
    throw Error("the kernel gives an empty attestation report: the host of this machine does not make them, look at its quoting service");
  return report;
}

}  // namespace

TsmReport take_report(ReportFiles& files, const std::string& reports, const ReportData& data, const Patience& patience) {
  const Clock::time_point end = Clock::now() + patience.total;
  for (int moves = 0;;) {
    try {
      return attempt(files, reports, data);
    } catch (const Again& why) {
      moves += why.moved ? 1 : 0;
      if (moves == kMostMoves || Clock::now() + patience.pause >= end) throw;
    }
    std::this_thread::sleep_for(patience.pause);
  }
}

}  // namespace shardlm::attest
