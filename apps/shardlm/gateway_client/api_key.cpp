#include "gateway_client/api_key.hpp"

#include <algorithm>
#include <fstream>

#include "shardlm/core/error.hpp"

namespace shardlm::app {

std::string read_api_key(const std::string& path) {
  if (path.empty()) return "";
  constexpr std::size_t kMost = 1024;
  std::ifstream file(path);
  if (!file) throw Error("cannot read the key from " + path + ": give the file that the gateway was started with");
  std::string key(kMost + 2, '\0');
  file.read(key.data(), std::streamsize(key.size()));
  if (file.bad()) throw Error("cannot read the key from " + path);
  key.resize(std::size_t(file.gcount()));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  // It travels in a header, where a line's end would begin another one.
  const bool fits = !key.empty() && key.size() <= kMost && std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!fits) throw Error(path + " holds no key: it must be one line of up to " + std::to_string(kMost) + " printable ASCII characters without spaces");
  return key;
}

}  // namespace shardlm::app
