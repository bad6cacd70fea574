#include "shardlm/core/ring_gemm.hpp"

#include <string>
#include <type_traits>

#include "ring_gemm_host.hpp"
#include "ring_gemm_portable.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm {
namespace {

constexpr int kWarps = 8;  // of a team on a device

template <class T>
Array<const T> on_device(const T* host, std::size_t n) {
  const Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> source(host, n);
  auto copy = uninitialized<T>("weights", n);
  Kokkos::deep_copy(copy, source);
  return copy;
}

std::string shape(std::size_t tokens, std::size_t width) { return std::to_string(tokens) + " x " + std::to_string(width); }

}  // namespace

RingMatrix::RingMatrix(const PackedRows& packed) : host_(packed), plans_(std::make_shared<detail::RingGemmPlans>()) {
  if (!packed.rows || !packed.columns || (packed.planes != 1 && packed.planes != 2))
    throw Error("a matrix needs rows, columns and one or two planes, not " + shape(packed.rows, packed.columns) + " in " +
                std::to_string(packed.planes));
  if (!packed.weights || !packed.exponents)
    throw Error("a matrix of " + shape(packed.rows, packed.columns) + " has no weights or no row exponents");
  for (std::size_t r = 0; r < packed.rows; r++)
    if (packed.exponents[r] < 0 || packed.exponents[r] > kLargestExponent)
      throw Error("row " + std::to_string(r) + " of a matrix has exponent " + std::to_string(packed.exponents[r]) +
                  "; 0 .. 40 are possible");
  if constexpr (!std::is_same<Exec, HostExec>::value) {
    weights_ = on_device(packed.weights, packed.planes * plane_words(packed.rows, packed.columns));
    exponents_ = on_device(packed.exponents, packed.rows);
  }
}

void ring_gemm(const RingMatrix& w, const Array<const Word>& x, std::size_t tokens, const Array<Word>& y) {
  if (!w.plans_) throw Error("ring_gemm: the matrix is empty");
  if (x.extent(0) != tokens * w.columns() || y.extent(0) != tokens * w.rows())
    throw Error("ring_gemm: " + std::to_string(x.extent(0)) + " words by a matrix of " + shape(w.rows(), w.columns()) + " into " +
                std::to_string(y.extent(0)) + " words; " + std::to_string(tokens) + " tokens take " + shape(tokens, w.columns()) +
                " and give " + shape(tokens, w.rows()));
  if (!tokens) return;
  if constexpr (std::is_same<Exec, HostExec>::value) {
    const detail::RingGemmKernels& kernels = detail::ring_gemm_kernels(isa());
    detail::ring_gemm_host(kernels, w.host_, w.plans_->get(kernels, w.host_), x.data(), tokens, y.data());
  } else {
    PackedRows device = w.host_;
    device.weights = w.weights_.data();
    device.exponents = w.exponents_.data();
    if (tokens == 1)
      detail::ring_gemm_portable<Exec, 1>(device, x.data(), tokens, y.data(), 2 * kWarps);
    else
      detail::ring_gemm_portable<Exec, 8>(device, x.data(), tokens, y.data(), kWarps);
  }
}

}  // namespace shardlm
