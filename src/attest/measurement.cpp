#include "measurement.hpp"

#include <algorithm>

#include "hex.hpp"
#include "printable.hpp"

namespace shardlm::attest {
namespace {

const char* const kNames[] = {"measurement", "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"};

// The first register is the measurement of what was launched.
const Register* find(const Report& report, const std::string& name) {
  if (name.empty()) return &report.registers.front().second;
  for (const auto& [known, value] : report.registers)
    if (known == name) return &value;
  return nullptr;
}

std::pair<std::string, Register> piece_from(const std::string& text) {
  const std::size_t equals = text.find('=');
  std::pair<std::string, Register> piece;
  if (equals != std::string::npos) {
    piece.first = text.substr(0, equals);
    if (std::find(std::begin(kNames), std::end(kNames), piece.first) == std::end(kNames))
      throw Error("an expected measurement names the register \"" + printable(piece.first) +
                  "\"; it must be measurement (SEV-SNP), mrtd, rtmr0, rtmr1, rtmr2 or rtmr3 (TDX)");
  }
  if (const std::string digits = text.substr(equals == std::string::npos ? 0 : equals + 1); !from_hex(digits, piece.second))
    throw Error("an expected measurement is \"" + printable(digits) + "\", which is not 96 hex digits");
  return piece;
}

}  // namespace

Expected expected_from(const std::string& text) {
  Expected expected;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    expected.push_back(piece_from(text.substr(from, comma - from)));
    from = comma + 1;
  }
  return expected;
}

bool fits(const Report& report, const Expected& expected) {
  return std::all_of(expected.begin(), expected.end(), [&report](const auto& piece) {
    const Register* value = find(report, piece.first);
    return value && *value == piece.second;
  });
}

std::vector<std::string> names_of(const Report& report, const Expected& expected) {
  std::vector<std::string> names;
  for (const auto& piece : expected) names.push_back(piece.first.empty() ? report.registers.front().first : piece.first);
  return names;
}

std::string text_of(const Report& report) {
  std::string text;
  for (const auto& [name, value] : report.registers) text += (text.empty() ? "" : ",") + name + "=" + to_hex(value);
  return text;
}

}  // namespace shardlm::attest
