#include "gateway/sights.hpp"

namespace shardlm::app {
namespace {

std::string hex(const std::vector<std::uint8_t>& bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace

nlohmann::json sights_of(const std::vector<Sight>& sights) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& sight : sights) {
    nlohmann::json glimpses = nlohmann::json::array();
    for (const auto& glimpse : sight.glimpses)
      glimpses.push_back({{"from", glimpse.from}, {"what", glimpse.what}, {"size", glimpse.size}, {"hex", hex(glimpse.bytes)}});
    list.push_back({{"rank", sight.rank}, {"rounds", sight.rounds}, {"bytes", sight.bytes}, {"glimpses", glimpses}});
  }
  return list;
}

}  // namespace shardlm::app
