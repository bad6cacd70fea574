// The main of every test that runs on four ranks. A failure on any rank fails the program on all of them.
#include "shardlm/net/world.hpp"

#include <Kokkos_Core.hpp>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  shardlm::net::Mpi mpi(argc, argv);
  Kokkos::ScopeGuard kokkos(argc, argv);
  return RUN_ALL_TESTS();
}
