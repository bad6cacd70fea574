#include "report.hpp"

#include <algorithm>

namespace shardlm::attest {
namespace {

constexpr std::size_t kSnpSize = 0x4a0, kTdxHeader = 48, kTdxBody = 584, kTdxBody15 = 648;

std::uint64_t number(const Bytes& bytes, std::size_t at, int width) {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) value |= std::uint64_t{bytes[at + i]} << (8 * i);
  return value;
}

template <class T>
void copy(const Bytes& bytes, std::size_t at, T& field) {
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), field.size(), field.begin());
}

void add_register(Report& report, const char* name, const Bytes& bytes, std::size_t at) {
  report.registers.emplace_back(name, Register{});
  copy(bytes, at, report.registers.back().second);
}

Report read_snp(const Bytes& bytes) {
  if (bytes.size() != kSnpSize)
    throw Error("the SEV-SNP report has " + std::to_string(bytes.size()) + " bytes instead of " + std::to_string(kSnpSize));
  const std::uint64_t version = number(bytes, 0x0, 4), key = number(bytes, 0x48, 4) >> 2 & 7;
  if (version < 2 || version > 5)
    throw Error("the SEV-SNP report has version " + std::to_string(version) + "; this program reads versions 2 to 5");
  if (number(bytes, 0x34, 4) != 1 || key > 1) throw Error("the SEV-SNP report is not signed by a key of the processor's");
  Report report;
  report.debug = number(bytes, 0x8, 8) >> 19 & 1;
  copy(bytes, 0x50, report.report_data);
  add_register(report, "measurement", bytes, 0x90);
  return report;
}

Error no_quote(const std::string& why) { return Error("the TDX quote " + why); }

// Where the body of a quote starts; whether all that its lengths speak of is there.
std::size_t body_of(const Bytes& bytes) {
  const auto require = [&bytes](std::size_t n) {
    if (bytes.size() < n) throw no_quote("ends after " + std::to_string(bytes.size()) + " bytes, before all of it is there");
  };
  require(kTdxHeader);
  const std::uint64_t version = number(bytes, 0, 2);
  if (version != 4 && version != 5) throw no_quote("has version " + std::to_string(version) + "; this program reads versions 4 and 5");
  if (number(bytes, 4, 4) != 0x81) throw no_quote("is of another kind of machine than TDX");
  std::size_t body = kTdxHeader, size = kTdxBody;
  if (version == 5) {
    body += 6;
    require(body);
    const std::uint64_t kind = number(bytes, 48, 2);
    size = kind == 3 ? kTdxBody15 : kTdxBody;
    if (kind != 2 && kind != 3) throw no_quote("has a body of kind " + std::to_string(kind) + "; this program reads kinds 2 and 3");
    if (number(bytes, 50, 4) != size) throw no_quote("has a body of another length than its kind");
  }
  require(body + size + 4);
  const std::uint64_t signature = number(bytes, body + size, 4);
  if (signature == 0) throw no_quote("is not signed");
  require(body + size + 4 + signature);
  return body;
}

Report read_tdx(const Bytes& bytes) {
  const std::size_t body = body_of(bytes);
  Report report;
  report.debug = bytes[body + 120] != 0;
  copy(bytes, body + 520, report.report_data);
  add_register(report, "mrtd", bytes, body + 136);
  const char* names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
  for (std::size_t i = 0; i < 4; ++i) add_register(report, names[i], bytes, body + 328 + i * 48);
  return report;
}

}  // namespace

bool known_provider(const std::string& provider) { return provider == "sev_guest" || provider == "tdx_guest"; }

Report read_report(const std::string& provider, const Bytes& bytes) {
  if (provider == "sev_guest") return read_snp(bytes);
  if (provider == "tdx_guest") return read_tdx(bytes);
  throw Error("there is no report of \"" + provider + "\" that this program reads");
}

}  // namespace shardlm::attest
