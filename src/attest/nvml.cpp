#include "nvml.hpp"

#include <dlfcn.h>

#include <memory>

namespace shardlm::attest {
namespace {

// From NVIDIA's public header nvml.h, API version 12, as far as this needs it: nvmlConfComputeSystemState_t is there since CUDA 12.2
// (driver 535), nvmlSystemConfComputeSettings_v1_t since 12.4 (driver 550), and both are the same in CUDA 13. A versioned structure carries
// NVML_STRUCT_VERSION: its size, and its version in the highest byte. nvmlReturn_t is an enumeration, an int.
using Return = int;
constexpr Return kSuccess = 0, kNotSupported = 3;

struct ConfComputeSystemState {
  unsigned environment, cc_feature, dev_tools_mode;
};

struct SystemConfComputeSettings {
  unsigned version, environment, cc_feature, dev_tools_mode, multi_gpu_mode;
};
constexpr unsigned kSettingsVersion = sizeof(SystemConfComputeSettings) | 1u << 24;
static_assert(kSettingsVersion == 0x1000014, "nvmlSystemConfComputeSettings_v1");

class Library {
 public:
  explicit Library(const std::string& name) : handle_(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {}
  ~Library() {
    if (handle_) dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  explicit operator bool() const { return handle_; }
  template <class... Arguments>
  auto find(const char* name) const {
    return reinterpret_cast<Return (*)(Arguments...)>(dlsym(handle_, name));
  }

 private:
  void* handle_;
};

// nvmlInit_v2 to nvmlShutdown.
class Session {
 public:
  explicit Session(const Library& library) : shutdown_(library.find<>("nvmlShutdown")) {
    const auto init = library.find<>("nvmlInit_v2");
    result_ = init && shutdown_ ? init() : kNotSupported;
  }
  ~Session() {
    if (result_ == kSuccess) shutdown_();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Return result() const { return result_; }

 private:
  Return (*shutdown_)();
  Return result_;
};

std::uint32_t multi_gpu_mode(const Library& library) {
  SystemConfComputeSettings settings{kSettingsVersion, 0, 0, 0, 0};
  const auto get = library.find<SystemConfComputeSettings*>("nvmlSystemGetConfComputeSettings");
  return get && get(&settings) == kSuccess ? settings.multi_gpu_mode : GpuState::kNotSaid;
}

}  // namespace

std::optional<GpuState> gpu_state(const std::string& name, std::string& why) {
  const Library library(name);
  if (!library) return why = name + " cannot be loaded", std::nullopt;
  const Session session(library);
  if (session.result() != kSuccess)
    return why = name + " does not start (NVML error " + std::to_string(session.result()) + ")", std::nullopt;
  const auto get_state = library.find<ConfComputeSystemState*>("nvmlSystemGetConfComputeState");
  const auto get_ready = library.find<unsigned*>("nvmlSystemGetConfComputeGpusReadyState");
  if (!get_state || !get_ready) return why = name + " is of a driver that knows no confidential computing", std::nullopt;
  ConfComputeSystemState state{};
  unsigned ready = 0;
  const Return result = get_state(&state);
  if (result == kNotSupported) return GpuState();
  if (result != kSuccess) return why = name + " does not tell (NVML error " + std::to_string(result) + ")", std::nullopt;
  if (get_ready(&ready) != kSuccess) ready = 0;
  return GpuState{state.environment, state.cc_feature, state.dev_tools_mode, ready, multi_gpu_mode(library)};
}

}  // namespace shardlm::attest
