# cmake -DSHARDLM_BUILD=... -DSHARDLM_SOURCE=... -DWORK=... -P run.cmake: installs into WORK/prefix; configures, builds and runs the project
# beside it, which is told nothing but the prefix; and looks whether what else belongs to an installation is there.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# installed(file command...): whether the file is what the command prints.
function(installed file)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${WORK}/prefix/${file} text)
  if(NOT text STREQUAL printed)
    message(FATAL_ERROR "${WORK}/prefix/${file} is not what the program prints")
  endif()
endfunction()

# refused(words options...): find_package ends the configuration with a sentence that has these words.
function(refused words)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/refused -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix ${ARGN}
                  RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if(code EQUAL 0 OR NOT said MATCHES "${words}")
    message(FATAL_ERROR "${ARGN} should have been refused with '${words}', and ended with ${code}: ${said}")
  endif()
  file(REMOVE_RECURSE ${WORK}/refused)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${SHARDLM_BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/build)
file(MAKE_DIRECTORY ${WORK}/cache)
run(${CMAKE_COMMAND} -E env OMP_PROC_BIND=false XDG_CACHE_HOME=${WORK}/cache ${WORK}/build/downstream ${SHARDLM_SOURCE}/inputs/demo ${WORK})
run(${WORK}/build/downstream_room)

# Another backend than the library's, and a version that it is not.
refused("without CUDA" -DSHARDLM_BACKEND=cuda)
file(READ ${CMAKE_CURRENT_LIST_DIR}/CMakeLists.txt text)
string(REPLACE "ShardLM 0.1 REQUIRED" "ShardLM 0.2 REQUIRED" text "${text}")
file(WRITE ${WORK}/later/CMakeLists.txt "${text}")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK}/later -B ${WORK}/later/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix
                RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE said)
if(code EQUAL 0 OR NOT said MATCHES "0.1.0")
  message(FATAL_ERROR "version 0.2 should not have been found: ${said}")
endif()

if(EXISTS ${WORK}/prefix/bin/shardlm)
  set(program ${WORK}/prefix/bin/shardlm)
  run(${program} --help)
  installed(share/man/man1/shardlm.1 ${program} manual)
  installed(share/bash-completion/completions/shardlm ${program} completion bash)
  installed(share/zsh/site-functions/_shardlm ${program} completion zsh)
  installed(share/fish/vendor_completions.d/shardlm.fish ${program} completion fish)
endif()
