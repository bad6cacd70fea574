// Regular expressions as tokenizer.json writes them, for Oniguruma, put into PCRE2's words.
#pragma once

#include <string>

namespace shardlm::text {

// `expression` for pcre2_compile with PCRE2_UTF and PCRE2_UCP. The two languages part in places: \s is Unicode's White_Space to
// Oniguruma, which is not PCRE2's; '$', '^', '.', '\h', "&&" in a class and "{n,m}+" differ too. So only the
// constructs listed at Splitter are let through. Throws Error naming the first other one.
std::string pcre2_expression(const std::string& expression);

}  // namespace shardlm::text
