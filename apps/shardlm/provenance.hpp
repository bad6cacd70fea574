// On what a benchmark ran: this build, and each rank's machine.
#pragma once

#include <nlohmann/json.hpp>

namespace shardlm::app {

// commit, compiler, build_type, kokkos, backend, mpi, chacha_rounds, isa: of this process, which has Kokkos and the MPI library.
nlohmann::ordered_json build_facts();

// host, os, cpu, cores, memory (bytes), threads, load (of the last minute), gpu, driver, gpu_memory (null without a GPU).
nlohmann::ordered_json machine_facts();

// Those of another rank, from its text. Throws Error, naming whose, for anything that is none.
nlohmann::ordered_json machine_facts_of(const std::string& text, const std::string& whose);

// "NVIDIA H200", "OpenMP on AMD EPYC".
std::string device_of(const nlohmann::ordered_json& machine);

}  // namespace shardlm::app
