// Confidential computing on NVIDIA's GPUs, as their management library tells it.
#pragma once

#include "shardlm/attest/evidence.hpp"

namespace shardlm::attest {

// Loads the library by this name or path. Nothing, and why, where there is none or it cannot say; the default state where it says that
// there is no confidential computing.
std::optional<GpuState> gpu_state(const std::string& library, std::string& why);

}  // namespace shardlm::attest
