# cmake --install: the program, the libraries and headers, and the files through which find_package(shardlm) finds them.
include(CMakePackageConfigHelpers)
get_property(rooms GLOBAL PROPERTY SHARDLM_ROOMS)
set_target_properties(shardlm_headers PROPERTIES EXPORT_NAME headers)
install(TARGETS shardlm_headers ${rooms} EXPORT shardlm)
if(TARGET shardlm)
  install(TARGETS shardlm)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/shardlm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/shardlm)
install(EXPORT shardlm NAMESPACE shardlm:: FILE shardlmTargets.cmake DESTINATION ${package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/shardlmConfig.cmake.in ${PROJECT_BINARY_DIR}/shardlmConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/shardlmConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/shardlmConfig.cmake ${PROJECT_BINARY_DIR}/shardlmConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/Dependencies.cmake ${CMAKE_CURRENT_LIST_DIR}/CheckKokkos.cmake DESTINATION ${package})
