#include "version.hpp"

#include <Kokkos_Core.hpp>
#include <sstream>

namespace shardlm::app {

std::string version() {
  std::ostringstream text;
  text << "shardlm " << SHARDLM_VERSION << " (Kokkos " << KOKKOS_VERSION / 10000 << "." << KOKKOS_VERSION / 100 % 100 << "."
       << KOKKOS_VERSION % 100 << " " << Kokkos::DefaultExecutionSpace::name() << ", ChaCha" << SHARDLM_CHACHA_ROUNDS << ")";
  return text.str();
}

}  // namespace shardlm::app
