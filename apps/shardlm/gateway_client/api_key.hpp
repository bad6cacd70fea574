// The key that a gateway asks for (shardlm serve --api-key-file).
#pragma once

#include <string>

namespace shardlm::app {

// The one line of a file; "" for no file. Throws Error for one that holds no key.
std::string read_api_key(const std::string& path);

}  // namespace shardlm::app
