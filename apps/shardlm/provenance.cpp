#include "provenance.hpp"

#include <sys/utsname.h>

#include <Kokkos_Core.hpp>
#include <cstdlib>
#include <fstream>

#include "commit.hpp"
#include "launch.hpp"
#include "memory.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/isa.hpp"
#include "shardlm/core/types.hpp"
#include "shardlm/net/run.hpp"

namespace shardlm::app {
namespace {

using Json = nlohmann::ordered_json;

// What stands behind the first line's `key` and a separator, or "".
std::string line_of(const char* file, const std::string& key, char separator) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const std::size_t at = line.find(separator);
    if (at == std::string::npos) continue;
    std::string value = line.substr(at + 1);
    value.erase(0, value.find_first_not_of(" \t\""));
    value.erase(value.find_last_not_of(" \t\"") + 1);
    return value;
  }
  return "";
}

std::string system_name() {
  utsname u{};
  uname(&u);
  const std::string distribution = line_of("/etc/os-release", "PRETTY_NAME", '=');
  return (distribution.empty() ? "" : distribution + ", ") + u.sysname + " " + u.release + " " + u.machine;
}

std::string cpu_name() {
  const std::string name = line_of("/proc/cpuinfo", "model name", ':');
  return name.empty() ? "unknown CPU" : name;
}

void add_gpu(Json& facts) {
  facts["gpu"] = facts["driver"] = facts["gpu_memory"] = nullptr;
#ifdef KOKKOS_ENABLE_CUDA
  int device = 0;
  cudaDeviceProp properties{};
  if (cudaGetDevice(&device) != cudaSuccess || cudaGetDeviceProperties(&properties, device) != cudaSuccess) return;
  facts["gpu"] = properties.name;
  facts["gpu_memory"] = std::uint64_t(properties.totalGlobalMem);
  const std::string version = line_of("/proc/driver/nvidia/version", "NVRM version", ':');
  if (!version.empty()) facts["driver"] = version;
#endif
}

}  // namespace

Json build_facts() {
  return {{"commit", SHARDLM_COMMIT},
          {"compiler", SHARDLM_COMPILER},
          {"build_type", SHARDLM_BUILD_TYPE},
          {"kokkos", std::to_string(KOKKOS_VERSION / 10000) + "." + std::to_string(KOKKOS_VERSION / 100 % 100) + "." + std::to_string(KOKKOS_VERSION % 100)},
          {"backend", Exec::name()},
          {"mpi", net::mpi_library()},
          {"chacha_rounds", SHARDLM_CHACHA_ROUNDS},
          {"isa", name(isa())}};
}

Json machine_facts() {
  Json facts{{"host", host_name()}, {"os", system_name()}, {"cpu", cpu_name()}, {"cores", cores()}};
  facts["memory"] = 1024 * std::strtoull(line_of("/proc/meminfo", "MemTotal", ':').c_str(), nullptr, 10);
  facts["threads"] = int(Kokkos::DefaultHostExecutionSpace().concurrency());
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  facts["load"] = load;
  add_gpu(facts);
  return facts;
}

Json machine_facts_of(const std::string& text, const std::string& whose) {
  constexpr std::size_t kLongest = 4096;
  const Json mine = machine_facts(), theirs = text.size() <= kLongest ? Json::parse(text, nullptr, false) : Json();
  Json facts;
  for (const auto& [name, value] : mine.items()) {
    const auto found = theirs.is_object() ? theirs.find(name) : theirs.end();
    const bool optional = name == "gpu" || name == "driver" || name == "gpu_memory";
    const bool text_wanted = name == "gpu" || name == "driver" || value.is_string();
    if (found == theirs.end() || !((found->is_null() && optional) || (text_wanted ? found->is_string() : found->is_number())))
      throw Error(whose + " does not say on what machine it runs");
    facts[name] = *found;
  }
  return facts;
}

std::string device_of(const Json& machine) {
  if (machine.at("gpu").is_string()) return machine.at("gpu").get<std::string>();
  return std::string(Exec::name()) + " on " + machine.at("cpu").get<std::string>();
}

}  // namespace shardlm::app
