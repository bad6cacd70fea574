// The main of every unit test program: Kokkos around Google Test.
#include <Kokkos_Core.hpp>
#include <gtest/gtest.h>

#include <cstdlib>

// HDF5 itself loses memory over files that it cannot finish; what this project's code loses is reported.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5\n"; }

int main(int argc, char** argv) {
  setenv("OMP_PROC_BIND", "false", 0);  // or Kokkos warns, also where tests are only listed
  testing::InitGoogleTest(&argc, argv);
  Kokkos::ScopeGuard kokkos(argc, argv);
  return RUN_ALL_TESTS();
}
