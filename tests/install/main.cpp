// Links the installed libraries and asks one of them something.
#include <shardlm/core/isa.hpp>

#include <Kokkos_Core.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  Kokkos::ScopeGuard kokkos(argc, argv);
  std::printf("kernels for %s\n", shardlm::name(shardlm::isa()));
  return 0;
}
