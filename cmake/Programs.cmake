# What only the program, the tests and the benchmarks use; projects that link the libraries do without.
shardlm_require(libcli11-dev CLI11)
if(SHARDLM_TESTS)
  shardlm_require(libgtest-dev GTest)
endif()
if(SHARDLM_PERF)
  shardlm_require(libbenchmark-dev benchmark)
endif()
