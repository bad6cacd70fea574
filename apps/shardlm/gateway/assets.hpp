// Files that are compiled in.
#pragma once

#include <string>

namespace shardlm::app::assets {

const std::string& openapi_json();  // openapi.json
const std::string& page_html();     // page/index.html

}  // namespace shardlm::app::assets
