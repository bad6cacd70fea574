// Files for tests: a folder that vanishes with the test, the small checkpoint, and ways to damage it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "shardlm/core/error.hpp"

namespace shardlm::test {

inline const std::string kSmallModel = std::string(SHARDLM_VECTORS) + "/plain_small";

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "shardlm-test-XXXXXX").string();
    if (!mkdtemp(&name[0])) throw Error("cannot make a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::size_t entries() const { return std::distance(std::filesystem::directory_iterator(path_), {}); }

 private:
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

inline nlohmann::json read_json(const std::string& path) { return nlohmann::json::parse(read_file(path)); }

// A header as safetensors has it, and raw data behind it.
inline std::string safetensors(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  for (int i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i));
  return length + header + data;
}

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// A copy of the small checkpoint, to be changed.
inline std::string copy_small_model(const TemporaryFolder& folder, const std::string& name = "model") {
  std::filesystem::copy(kSmallModel, folder / name);
  return folder / name;
}

// The one sentence that f throws; "" if it does not throw.
template <class F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

// Where verified files are remembered, for one test: the folder given, or nowhere.
class CacheFolder {
 public:
  explicit CacheFolder(const std::string& folder = "/dev/null/none") { setenv("XDG_CACHE_HOME", folder.c_str(), 1); }
  ~CacheFolder() { setenv("XDG_CACHE_HOME", "/dev/null/none", 1); }
};

inline ::testing::AssertionResult says(const std::string& sentence, const std::string& part) {
  if (sentence.find(part) != std::string::npos && sentence.find('\n') == std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << sentence << "\" does not say \"" << part << "\"";
}

}  // namespace shardlm::test
