// Overwrites memory that held key material, in a way that no compiler leaves out.
#pragma once

#include <cstring>

namespace shardlm {

inline void wipe(void* bytes, std::size_t size) { explicit_bzero(bytes, size); }

// Wipes an object at the end of a scope, however that ends.
template <class T>
class WipeAtEnd {
 public:
  explicit WipeAtEnd(T& secret) : secret_(secret) {}
  ~WipeAtEnd() { wipe(&secret_, sizeof secret_); }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  T& secret_;
};

}  // namespace shardlm
