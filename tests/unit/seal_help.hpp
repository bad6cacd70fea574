// What the tests of the room share: hex, stored vectors, sentences.
#pragma once

#include "io_files.hpp"
#include "shardlm/seal/bytes.hpp"

namespace shardlm::seal {

using test::refusal;
using test::says;

inline Bytes unhex(const std::string& hex) {
  Bytes bytes(hex.size() / 2);
  if (!from_hex(hex.data(), hex.size(), bytes.data(), bytes.size())) throw Error("not hex: " + hex);
  return bytes;
}

template <std::size_t n>
std::array<std::uint8_t, n> unhex_array(const std::string& hex) {
  std::array<std::uint8_t, n> bytes;
  if (!from_hex(hex.data(), hex.size(), bytes.data(), n)) throw Error("not so many hex digits: " + hex);
  return bytes;
}

inline nlohmann::json vectors(const std::string& file) { return test::read_json(std::string(SHARDLM_VECTORS) + "/" + file); }

// Runs check(case) for all of Wycheproof's; says which one fails.
template <class Check>
std::size_t wycheproof(const std::string& file, const Check& check) {
  const nlohmann::json all = vectors("wycheproof/" + file);
  std::size_t cases = 0;
  for (const auto& group : all.at("testGroups"))
    for (const auto& c : group.at("tests")) {
      SCOPED_TRACE(file + ", case " + c.at("tcId").dump() + ": " + c.at("comment").dump());
      check(c);
      ++cases;
    }
  return cases;
}

inline bool zero(const std::uint8_t* data, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    if (data[i] != 0) return false;
  return true;
}

}  // namespace shardlm::seal
