// Links the installed libraries and asks two of them something.
#include <shardlm/core/isa.hpp>
#include <shardlm/ot/oprf.hpp>

#include <Kokkos_Core.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  Kokkos::ScopeGuard kokkos(argc, argv);
  std::printf("kernels for %s\n", shardlm::name(shardlm::isa()));
  shardlm::ot::check_element(shardlm::ot::blind(std::string("input")).element, "a blinded element");
  return 0;
}
