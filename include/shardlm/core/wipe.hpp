// Overwrites memory that held key material, in a way that no compiler leaves out.
#pragma once

#include <cstring>

namespace shardlm {

inline void wipe(void* bytes, std::size_t size) { explicit_bzero(bytes, size); }

}  // namespace shardlm
