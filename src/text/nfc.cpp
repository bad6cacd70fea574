#include "nfc.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "shardlm/core/error.hpp"

namespace shardlm::text {

std::string_view to_nfc(std::string_view text, std::string& held) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  const icu::StringPiece piece(text.data(), std::int32_t(text.size()));
  if (U_SUCCESS(status) && nfc->isNormalizedUTF8(piece, status) && U_SUCCESS(status)) return text;
  held.clear();
  icu::StringByteSink<std::string> sink(&held, std::int32_t(text.size()));
  if (U_SUCCESS(status)) nfc->normalizeUTF8(0, piece, sink, nullptr, status);
  if (U_FAILURE(status)) throw Error(std::string("ICU cannot normalize text: ") + u_errorName(status) + ".");
  return held;
}

}  // namespace shardlm::text
