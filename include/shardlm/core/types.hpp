// The types that every room shares: ring words and the Kokkos views that hold them.
#pragma once

#include <Kokkos_Core.hpp>

#include <cstddef>
#include <cstdint>

namespace shardlm {

using Word = std::uint64_t;  // an element of Z_{2^k}, k <= 64, in the low k bits

using Exec = Kokkos::DefaultExecutionSpace;
using Memory = Exec::memory_space;
using HostExec = Kokkos::DefaultHostExecutionSpace;

// Everything secret lives in an Array: contiguous, in the execution space's memory.
template <class T>
using Array = Kokkos::View<T*, Memory>;
template <class T>
using HostArray = Kokkos::View<T*, Kokkos::HostSpace>;

// Message buffers: on CUDA pinned host memory, because an MPI that does not know CUDA reads them.
#ifdef KOKKOS_ENABLE_CUDA
using MessageMemory = Kokkos::CudaHostPinnedSpace;
#else
using MessageMemory = Kokkos::HostSpace;
#endif
using MessageBuffer = Kokkos::View<std::uint8_t*, MessageMemory>;

// An array whose first content does not matter, so that it is not zeroed first.
template <class T>
Array<T> uninitialized(const char* name, std::size_t n) {
  return Array<T>(Kokkos::view_alloc(std::string(name), Kokkos::WithoutInitializing), n);
}

}  // namespace shardlm
