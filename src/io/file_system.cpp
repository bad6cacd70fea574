#include "file_system.hpp"

#include <sys/vfs.h>

namespace shardlm::io {
namespace {

// As linux/magic.h and the file systems' own headers have them.
constexpr struct {
  std::uint32_t type;
  const char* name;
} kNetwork[] = {{0x00006969, "NFS"},    {0x0000517b, "SMB"},  {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"}, {0x0bd00bd0, "Lustre"},
                {0x47504653, "GPFS"},   {0x19830326, "BeeGFS"}, {0x00c36400, "Ceph"}, {0x5346414f, "AFS"},  {0x6b414653, "AFS"}};

}  // namespace

const char* network_file_system(std::uint64_t type) {
  for (const auto& known : kNetwork)
    if (known.type == static_cast<std::uint32_t>(type)) return known.name;  // f_type is signed, and 32 bits of it count
  return nullptr;
}

const char* network_file_system(const std::string& path) {
  struct statfs s {};
  return statfs(path.c_str(), &s) == 0 ? network_file_system(static_cast<std::uint64_t>(s.f_type)) : nullptr;
}

}  // namespace shardlm::io
