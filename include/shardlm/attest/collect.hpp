// Evidence of this rank's own machine.
//
// Reports of Intel TDX and AMD SEV-SNP come from the Linux kernel's configfs-tsm (Documentation/ABI/testing/configfs-tsm-report; Linux
// 6.7): a folder made in /sys/kernel/config/tsm/report takes the report data and gives the report. That is for root, or for whom root gives
// that folder. The state of NVIDIA's GPUs comes from its management library, loaded when it is asked for.
#pragma once

#include <chrono>

#include "shardlm/attest/evidence.hpp"
#include "shardlm/attest/policy.hpp"

namespace shardlm::attest {

// Where to look; tests look elsewhere.
struct Machine {
  std::string root = "/";  // of /sys/kernel/config/tsm/report, /dev/tdx_guest and /dev/sev-guest
  std::string nvml = "libnvidia-ml.so.1";
  std::chrono::milliseconds patience{60000};  // while other reports are being made: the kernel makes one at a time
};

struct Collected {
  Evidence evidence;
  std::string no_report, no_gpu;  // why one of them is missing from it, in a few words; "" where it is there
};

// What this rank presents to a peer: a report that holds the user data, and the state of the GPUs. Nothing where the policy's mode is none.
// Throws Error where the mode is required and there is no report. Takes a second or more on TDX.
Collected collect(const Policy& policy, const UserData& user_data, const Machine& machine = {});

}  // namespace shardlm::attest
