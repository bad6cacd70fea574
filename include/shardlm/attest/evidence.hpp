// Attestation evidence: what a rank presents to another about the machine that it runs on, and the bytes in which it travels.
//
//   0    4 letters "SLAE"
//   4    version, 16 bits: 1
//   6    length of the provider's name, 8 bits, and the name: sev_guest, tdx_guest, or none
//        length of the report, 32 bits, and the report: an SEV-SNP ATTESTATION_REPORT, or a TDX quote
//        length of what came with the report, 32 bits, and that: for SEV-SNP the certificates that the host has stored, or nothing
//        1 and the state of the GPUs, five numbers of 32 bits, or 0
//
// All numbers go low byte first, nothing follows, and evidence of nothing is no bytes at all: there is one way to write each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shardlm/core/error.hpp"

namespace shardlm::attest {

using Bytes = std::vector<std::uint8_t>;
using UserData = std::array<std::uint8_t, 32>;    // what ties a report to one run of the handshake: its binding
using ReportData = std::array<std::uint8_t, 64>;  // what a report holds of it

constexpr std::size_t kMostEvidence = std::size_t{256} << 10;

// User data, and 32 zero bytes.
ReportData report_data_of(const UserData& user_data);

// What NVIDIA's management library says of confidential computing on this machine's GPUs, in its numbers. A default one says that there
// is none of it.
struct GpuState {
  static constexpr std::uint32_t kNotSaid = 0xffffffff;

  std::uint32_t environment = 0;       // 0 none, 1 simulated, 2 production
  std::uint32_t feature = 0;           // 1: memory and transfers are encrypted
  std::uint32_t devtools = 0;          // 1: developer tools may look inside
  std::uint32_t ready = 0;             // 1: the GPUs take work, which their owner allows after having attested them
  std::uint32_t multi_gpu = kNotSaid;  // 0 none, 1 protected PCIe, 2 encrypted NVLink
};
bool operator==(const GpuState& a, const GpuState& b);

// Why GPUs in this state are not confidential; "" if they are.
std::string fault(const GpuState& gpu);

struct Evidence {
  std::string provider;  // the kernel's name of the report's format, as in configfs-tsm; "": no report
  Bytes report, auxiliary;
  std::optional<GpuState> gpu;
};
bool operator==(const Evidence& a, const Evidence& b);

// Throws Error for evidence that no peer would take: an unknown provider, a missing report, more than kMostEvidence bytes.
Bytes pack(const Evidence& evidence);

// Of bytes that a peer sent. Throws Error unless they are exactly what pack() writes. Allocates no more than they are long, and says
// nothing about the report itself.
Evidence parse(const Bytes& bytes);

}  // namespace shardlm::attest
