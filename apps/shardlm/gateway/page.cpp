#include "gateway/page.hpp"

#include <cryptopp/base64.h>
#include <cryptopp/filters.h>
#include <cryptopp/sha.h>

#include "gateway/assets.hpp"
#include "gateway/endpoints.hpp"

namespace shardlm::app {
namespace {

std::string hash_source(const std::string& text) {
  std::string digest;
  CryptoPP::SHA256 sha;
  CryptoPP::StringSource(text, true, new CryptoPP::HashFilter(sha, new CryptoPP::Base64Encoder(new CryptoPP::StringSink(digest), false)));
  return " 'sha256-" + digest + "'";
}

// Of each element of that name without attributes that load it from elsewhere.
std::string hashes(const std::string& page, const std::string& element) {
  std::string sources;
  const auto open = "<" + element, close = "</" + element + ">";
  for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at + 1)) {
    const auto begin = page.find('>', at), end = page.find(close, at);
    if (begin == std::string::npos || end == std::string::npos || end < begin) break;
    sources += hash_source(page.substr(begin + 1, end - begin - 1));
  }
  return sources.empty() ? " 'none'" : sources;
}

}  // namespace

std::string security_policy(const std::string& page) {
  return "default-src 'none'; script-src" + hashes(page, "script") + "; style-src" + hashes(page, "style") +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

Reply page(const Site&, const Call&) {
  static const std::string policy = security_policy(assets::page_html());
  return {200, assets::page_html(), "text/html; charset=utf-8", {{"Content-Security-Policy", policy}, {"X-Frame-Options", "DENY"}}};
}

}  // namespace shardlm::app
