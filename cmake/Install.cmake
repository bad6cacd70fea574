# cmake --install: the program with its manual page and completions, the libraries and headers, and the files through which
# find_package(ShardLM) finds them.
include(CMakePackageConfigHelpers)
get_property(rooms GLOBAL PROPERTY SHARDLM_ROOMS)
set(room_names headers ${rooms})
list(TRANSFORM room_names REPLACE "^shardlm_" "")

# All of the library; the name shardlm is the program's within the project.
add_library(shardlm_library INTERFACE)
target_link_libraries(shardlm_library INTERFACE ${rooms})
add_library(ShardLM::shardlm ALIAS shardlm_library)
set_target_properties(shardlm_library PROPERTIES EXPORT_NAME shardlm)
set_target_properties(shardlm_headers PROPERTIES EXPORT_NAME headers)

install(TARGETS shardlm_library shardlm_headers ${rooms} EXPORT shardlm)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/shardlm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET shardlm)
  install(TARGETS shardlm)
  set(documents ${PROJECT_BINARY_DIR}/apps/shardlm/documents)
  install(FILES ${documents}/shardlm.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${documents}/shardlm DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${documents}/_shardlm DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${documents}/shardlm.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

# Named in small letters, they answer to find_package(ShardLM) and find_package(shardlm) alike.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/shardlm)
install(EXPORT shardlm NAMESPACE ShardLM:: FILE shardlm-targets.cmake DESTINATION ${package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/shardlm-config.cmake.in ${PROJECT_BINARY_DIR}/shardlm-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/shardlm-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/shardlm-config.cmake ${PROJECT_BINARY_DIR}/shardlm-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/Dependencies.cmake ${CMAKE_CURRENT_LIST_DIR}/CheckKokkos.cmake DESTINATION ${package})
