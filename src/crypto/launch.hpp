// Runs a kernel on all tiles of a batch: vectors in chunks of tiles where Exec works on host memory, a thread a key otherwise.
#pragma once

#include "jobs.hpp"

#include "shardlm/core/isa.hpp"

#include <cstddef>

namespace shardlm::crypto {

// Which form of the kernels runs. Tests and benchmarks compare them; everything else leaves `best`, which is what
// shardlm::isa() says on a host, and scalar lanes on a device. `scalar` on a host is the device's code, run there.
enum class Form { best, scalar, baseline, avx2, avx512 };
Form form();
void set_form(Form form);  // throws Error for one that this machine lacks
bool on_vectors();         // not as scalar lanes, so on the host
Isa vector_isa();          // then with these instructions

void launch(const char* name, const StreamJob& job, std::size_t tiles);
void launch(const char* name, const WeightJob& job, std::size_t tiles);
void run_here(const WeightJob& job, std::size_t begin, std::size_t end);  // on the calling host thread
void launch(const char* name, const GenerateJob& job, std::size_t tiles);
void launch(const char* name, const LineJob& job, std::size_t tiles);
void launch(const char* name, const CellJob& job, std::size_t tiles);
void launch(const char* name, const WindowJob& job, std::size_t tiles);
void launch(const char* name, const PrefixJob& job, std::size_t tiles);
void launch(const char* name, const ExpandJob& job, std::size_t tiles);
void launch(const char* name, const BlocksJob& job, std::size_t tiles);

}  // namespace shardlm::crypto
