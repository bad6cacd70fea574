# The cuda backend: the host compiler is CMake's compiler, and Kokkos' nvcc_wrapper takes its place for every file that may hold kernels.
# Files of which shardlm_host_code() says that they hold none (hand-vectorised kernels, parsers) stay with the host compiler.
if(Kokkos_ENABLE_CUDA)
  if(CMAKE_CXX_COMPILER MATCHES "nvcc_wrapper")
    message(FATAL_ERROR "Set CMAKE_CXX_COMPILER to the host compiler, such as g++; nvcc_wrapper is called where it is needed.")
  endif()
  find_program(SHARDLM_NVCC_WRAPPER nvcc_wrapper HINTS "${Kokkos_DIR}/../../../bin" NO_DEFAULT_PATH REQUIRED)
  # Not through ccache: it does not know which compiler nvcc_wrapper calls.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_CURRENT_LIST_DIR}/nvcc-launcher ${SHARDLM_NVCC_WRAPPER})
  set(CMAKE_CXX_LINKER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

function(shardlm_host_code target)
  if(Kokkos_ENABLE_CUDA)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "")
  endif()
endfunction()
