# Slow tests: instruction sets, headers, installation, the other presets.

# The hand-vectorised kernels on lesser machines: every unit test again, with the instruction set that SHARDLM_ISA names.
file(STRINGS /proc/cpuinfo has_avx2 REGEX "^flags.* avx2 .*" LIMIT_COUNT 1)
set(isas baseline)
if(has_avx2)
  list(APPEND isas avx2)
endif()
foreach(isa ${isas})
  foreach(program ${unit_programs})
    if(NOT program MATCHES "test_(io|text|ot|net|seal|attest)")
      add_test(NAME ${isa}.${program} COMMAND ${program})
      set_tests_properties(${isa}.${program} PROPERTIES LABELS slow TIMEOUT 1200 ENVIRONMENT "${environment};OMP_WAIT_POLICY=passive;SHARDLM_ISA=${isa}")
    endif()
  endforeach()
endforeach()

# Each public header compiles on its own.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/*.hpp)
set(sources)
foreach(header ${headers})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"@header@\"\n#include \"@header@\"\n" @ONLY)
  list(APPEND sources ${source})
endforeach()
add_library(headers_alone OBJECT EXCLUDE_FROM_ALL ${sources})
target_link_libraries(headers_alone PRIVATE shardlm::protocol)
target_compile_options(headers_alone PRIVATE -O0 -Wall -Wextra -Werror)
add_test(NAME headers_compile_alone COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target headers_alone)
set_tests_properties(headers_compile_alone PROPERTIES LABELS slow TIMEOUT 900 PROCESSORS 2)

# Another project finds the installed package, links it and uses it.
add_test(NAME installed_package_is_found COMMAND ${CMAKE_COMMAND} -DSHARDLM_BUILD=${PROJECT_BINARY_DIR} -DSHARDLM_SOURCE=${PROJECT_SOURCE_DIR}
         -DWORK=${CMAKE_CURRENT_BINARY_DIR}/install -P ${CMAKE_CURRENT_SOURCE_DIR}/install/run.cmake)
set_tests_properties(installed_package_is_found PROPERTIES LABELS slow TIMEOUT 600)

# The other presets: serial and asan pass the unit tests, cuda compiles and links.
foreach(preset serial asan cuda)
  add_test(NAME preset.${preset} COMMAND ${PROJECT_SOURCE_DIR}/ci/preset ${preset})
  set_tests_properties(preset.${preset} PROPERTIES LABELS slow TIMEOUT 3600 RUN_SERIAL ON)
endforeach()
