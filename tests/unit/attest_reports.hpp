// Synthetic reports: the layouts of src/attest/report.hpp with made-up contents and no real signature. None was made by hardware.
#pragma once

#include <algorithm>

#include "../../src/attest/hex.hpp"
#include "io_files.hpp"
#include "shardlm/attest/verify.hpp"

namespace shardlm::attest {

inline UserData user_data(std::uint8_t first = 1) {
  UserData data;
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(first + i);
  return data;
}

inline void put(Bytes& bytes, std::size_t at, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <class T>
void put(Bytes& bytes, std::size_t at, const T& content) {
  std::copy(content.begin(), content.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

// A register: 48 times the same byte, which is two digits in hex.
inline Bytes register_of(std::uint8_t byte) { return Bytes(48, byte); }
inline std::string digits_of(std::uint8_t byte) { return to_hex(register_of(byte)); }

// MEASUREMENT is 48 times 0x5a.
inline Bytes snp_report(const UserData& data = user_data(), std::uint32_t version = 2) {
  Bytes report(1184, 0);
  put(report, 0x00, version, 4);
  put(report, 0x08, 0x30000, 8);  // POLICY: SMT allowed, and the bit that must be set
  put(report, 0x34, 1, 4);
  put(report, 0x50, report_data_of(data));
  put(report, 0x90, register_of(0x5a));
  put(report, 0x2a0, Bytes(144, 0xc3));
  return report;
}

// MRTD is 48 times 0xd0, RTMR0 to RTMR3 48 times 0xe0 to 0xe3. Version 5 with a body of kind 3, or of kind 2.
inline Bytes tdx_quote(const UserData& data = user_data(), int version = 4, int kind = 3) {
  const std::size_t body = version == 5 ? 54 : 48, size = version == 5 && kind == 3 ? 648 : 584;
  Bytes quote(body + size + 4 + 100, 0xb7);
  put(quote, 0, version, 2);
  put(quote, 2, 2, 2);
  put(quote, 4, 0x81, 4);
  if (version == 5) put(quote, 48, kind, 2);
  if (version == 5) put(quote, 50, size, 4);
  put(quote, body + 120, 0x10000000, 8);  // TDATTRIBUTES: SEPT_VE_DISABLE
  put(quote, body + 136, register_of(0xd0));
  for (int i = 0; i < 4; ++i) put(quote, body + 328 + 48 * i, register_of(static_cast<std::uint8_t>(0xe0 + i)));
  put(quote, body + 520, report_data_of(data));
  put(quote, body + size, 100, 4);
  return quote;
}

inline const GpuState kConfidential{2, 1, 0, 1, 0};

inline Evidence snp_evidence() { return {"sev_guest", snp_report(), {1, 2, 3}, {}}; }
inline Evidence tdx_evidence() { return {"tdx_guest", tdx_quote(), {}, {}}; }

}  // namespace shardlm::attest
