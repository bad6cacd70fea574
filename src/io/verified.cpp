#include "verified.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <vector>

#include "output_file.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

constexpr std::size_t kMaxEntries = 256;
constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

// One file's line: everything that must be the same, the path last.
std::string line_of(const std::string& path, const FileState& s, const std::string& digest) {
  std::ostringstream line;
  line << digest << ' ' << s.size << ' ' << s.modified << ' ' << s.changed << ' ' << s.device << ' ' << s.inode << ' ' << path;
  return line.str();
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::canonical(path, error);
  return error ? path : full.string();
}

std::vector<std::string> read_lines(const std::string& file) {
  std::vector<std::string> lines;
  try {
    std::istringstream text(read_text(file, kMaxBytes));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
  } catch (const Error&) {
  }
  return lines;
}

bool ends_with(const std::string& line, const std::string& end) {
  return line.size() >= end.size() && line.compare(line.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

std::string cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache && *cache == '/') return std::string(cache) + "/shardlm";
  return home && *home == '/' ? std::string(home) + "/.cache/shardlm" : std::string();
}

std::string folder_in_cache(const std::string& name) {
  const std::string cache = cache_folder();
  if (cache.empty()) throw Error("there is no folder for " + name + ": set HOME or XDG_CACHE_HOME");
  std::error_code error;
  std::filesystem::create_directories(cache + "/" + name, error);
  if (error) throw Error("cannot make the folder " + cache + "/" + name + ": " + error.message());
  return cache + "/" + name + "/";
}

VerifiedFiles::VerifiedFiles() : folder_(cache_folder()) {
  if (folder_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  lock_ = open((folder_ + "/verified.lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock_ >= 0) flock(lock_, LOCK_EX);
}

VerifiedFiles::~VerifiedFiles() {
  if (lock_ >= 0) close(lock_);
}

bool VerifiedFiles::contains(const std::string& path, const FileState& state, const std::string& digest) const {
  if (folder_.empty()) return false;
  const std::string wanted = line_of(absolute(path), state, digest);
  for (const std::string& line : read_lines(folder_ + "/verified"))
    if (line == wanted) return true;
  return false;
}

void VerifiedFiles::add(const std::string& path, const FileState& state, const std::string& digest) const {
  const std::string full = absolute(path);
  if (folder_.empty() || full.find('\n') != std::string::npos) return;
  std::vector<std::string> lines = read_lines(folder_ + "/verified");
  if (lines.size() >= kMaxEntries) lines.erase(lines.begin(), lines.end() - (kMaxEntries - 1));
  std::string text;
  for (const std::string& line : lines)
    if (!ends_with(line, " " + full)) text += line + "\n";
  text += line_of(full, state, digest) + "\n";
  try {
    OutputFile file(folder_ + "/verified", {}, 0600);  // a secret model's digest is a fingerprint of it
    file.write(0, text.data(), text.size());
    file.publish();
  } catch (const Error&) {  // the next start checks again
  }
}

}  // namespace shardlm::io
