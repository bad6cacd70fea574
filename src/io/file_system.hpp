// On which kind of file system a file lies.
#pragma once

#include <cstdint>
#include <string>

namespace shardlm::io {

// "NFS" where files of this kind of file system (statfs's f_type) are read from another host, or nullptr.
const char* network_file_system(std::uint64_t type);
const char* network_file_system(const std::string& path);

}  // namespace shardlm::io
