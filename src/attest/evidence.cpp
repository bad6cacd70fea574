#include "shardlm/attest/evidence.hpp"

#include <algorithm>

#include "report.hpp"

namespace shardlm::attest {
namespace {

constexpr std::uint8_t kLetters[] = {'S', 'L', 'A', 'E'};
constexpr std::uint32_t kVersion = 1;

void put(Bytes& bytes, std::uint32_t value, int width) {
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

template <class T>
void put(Bytes& bytes, const T& content) {
  bytes.insert(bytes.end(), content.begin(), content.end());
}

std::size_t size_of(const Evidence& e) {
  return 4 + 2 + 1 + e.provider.size() + 4 + e.report.size() + 4 + e.auxiliary.size() + 1 + (e.gpu ? 5 * 4 : 0);
}

// Takes a peer's bytes apart from their start.
class Reader {
 public:
  explicit Reader(const Bytes& bytes) : at_(bytes.data()), left_(bytes.size()) {}
  const std::uint8_t* take(std::size_t n) {
    if (n > left_) throw Error("the peer's attestation evidence ends too early");
    const std::uint8_t* start = at_;
    at_ += n;
    left_ -= n;
    return start;
  }
  std::uint32_t number(int width) {
    const std::uint8_t* bytes = take(width);
    std::uint32_t value = 0;
    for (int i = 0; i < width; ++i) value |= std::uint32_t{bytes[i]} << (8 * i);
    return value;
  }
  template <class T>
  T content(int width) {
    const std::size_t n = number(width);
    const std::uint8_t* bytes = take(n);
    return T(bytes, bytes + n);
  }
  bool ended() const { return left_ == 0; }

 private:
  const std::uint8_t* at_;
  std::size_t left_;
};

std::optional<GpuState> read_gpu(Reader& reader) {
  const std::uint32_t there = reader.number(1);
  if (there > 1) throw Error("the peer's attestation evidence has a state of GPUs of an unknown kind");
  if (there == 0) return {};
  GpuState gpu;
  for (std::uint32_t* number : {&gpu.environment, &gpu.feature, &gpu.devtools, &gpu.ready, &gpu.multi_gpu}) *number = reader.number(4);
  return gpu;
}

// What is wrong with evidence of whatever origin; "" for nothing.
std::string trouble(const Evidence& e) {
  if (e.provider.empty() && !(e.report.empty() && e.auxiliary.empty())) return "has a report of no provider";
  if (e.provider.empty() && !e.gpu) return "says nothing";
  if (!e.provider.empty() && !known_provider(e.provider)) return "names a provider that is neither sev_guest nor tdx_guest";
  if (!e.provider.empty() && e.report.empty()) return "names " + e.provider + " and has no report of it";
  return "";
}

std::string too_long(std::size_t n) {
  return "has " + std::to_string(n) + " bytes, more than the " + std::to_string(kMostEvidence) + " that it may have";
}

}  // namespace

ReportData report_data_of(const UserData& user_data) {
  ReportData data{};
  std::copy(user_data.begin(), user_data.end(), data.begin());
  return data;
}

bool operator==(const GpuState& a, const GpuState& b) {
  return a.environment == b.environment && a.feature == b.feature && a.devtools == b.devtools && a.ready == b.ready &&
         a.multi_gpu == b.multi_gpu;
}

bool operator==(const Evidence& a, const Evidence& b) {
  return a.provider == b.provider && a.report == b.report && a.auxiliary == b.auxiliary && a.gpu == b.gpu;
}

std::string fault(const GpuState& gpu) {
  if (gpu.feature != 1 && gpu.multi_gpu == 1) return "they are in protected PCIe mode, in which links between GPUs are not encrypted";
  if (gpu.feature != 1) return "confidential computing is off";
  if (gpu.environment != 2) return "their environment is not the one for production";
  if (gpu.devtools != 0) return "developer tools may look into them";
  if (gpu.ready != 1) return "they are not ready, because nobody has attested them yet (nvidia-smi conf-compute -srs 1)";
  return "";
}

Bytes pack(const Evidence& e) {
  if (e == Evidence()) return {};
  if (const std::string why = trouble(e); !why.empty()) throw Error("this rank's attestation evidence " + why);
  if (size_of(e) > kMostEvidence) throw Error("this rank's attestation evidence " + too_long(size_of(e)));
  Bytes bytes;
  bytes.reserve(size_of(e));
  put(bytes, std::vector<std::uint8_t>(std::begin(kLetters), std::end(kLetters)));
  put(bytes, kVersion, 2);
  put(bytes, static_cast<std::uint32_t>(e.provider.size()), 1);
  put(bytes, e.provider);
  for (const Bytes* content : {&e.report, &e.auxiliary}) {
    put(bytes, static_cast<std::uint32_t>(content->size()), 4);
    put(bytes, *content);
  }
  put(bytes, e.gpu ? 1 : 0, 1);
  if (e.gpu)
    for (const std::uint32_t number : {e.gpu->environment, e.gpu->feature, e.gpu->devtools, e.gpu->ready, e.gpu->multi_gpu})
      put(bytes, number, 4);
  return bytes;
}

Evidence parse(const Bytes& bytes) {
  Evidence e;
  if (bytes.empty()) return e;
  if (bytes.size() > kMostEvidence) throw Error("the peer's attestation evidence " + too_long(bytes.size()));
  Reader reader(bytes);
  if (!std::equal(std::begin(kLetters), std::end(kLetters), reader.take(4)))
    throw Error("what the peer sent in place of attestation evidence is something else; start all ranks with the same program");
  if (const std::uint32_t version = reader.number(2); version != kVersion)
    throw Error("the peer's attestation evidence has version " + std::to_string(version) + " and this program reads version " +
                std::to_string(kVersion) + "; start all ranks with the same program");
  e.provider = reader.content<std::string>(1);
  e.report = reader.content<Bytes>(4);
  e.auxiliary = reader.content<Bytes>(4);
  e.gpu = read_gpu(reader);
  if (!reader.ended()) throw Error("the peer's attestation evidence goes on after its end");
  if (const std::string why = trouble(e); !why.empty()) throw Error("the peer's attestation evidence " + why);
  return e;
}

}  // namespace shardlm::attest
