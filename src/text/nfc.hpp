// Unicode normalization form C, as ICU does it.
#pragma once

#include <string>
#include <string_view>

namespace shardlm::text {

// `text`, valid UTF-8 of less than 2^31 bytes, in form C; `held` keeps it where it is not already that.
std::string_view to_nfc(std::string_view text, std::string& held);

}  // namespace shardlm::text
