// MPI's return codes as exceptions.
#pragma once

#include <mpi.h>

#include <string>

#include "shardlm/core/error.hpp"

namespace shardlm::net {

// `doing` completes the sentence "MPI failed while ...".
inline void call(int code, const char* doing) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(std::string("MPI failed while ") + doing + ": " + std::string(text, length));
}

}  // namespace shardlm::net
