// Any bytes through a sound tokenizer and back. What comes back is the text in Unicode's form C with broken bytes replaced, which is a
// fixed point; ASCII comes back as it went in; and a stream of pieces shows what the whole does.
#include <algorithm>

#include "shardlm/text/tokenizer.hpp"
#include "target.hpp"

using namespace shardlm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const text::Tokenizer tokenizer(fuzz::file_text(std::string(SHARDLM_VECTORS) + "/tokenizer_small.json"));
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const bool ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  for (const bool special : {false, true}) {
    const std::string back = tokenizer.decode(tokenizer.encode(bytes, special), true);
    fuzz::require(!ascii || back == bytes);
    if (!special) fuzz::require(tokenizer.decode(tokenizer.encode(back), true) == back);
    text::Utf8Stream whole, pieces;
    std::string shown;
    for (const text::Token token : tokenizer.encode(bytes, special)) shown += pieces.push(tokenizer.decode({token}, true));
    fuzz::require(shown + pieces.flush() == back && whole.push(back) + whole.flush() == back);
  }
  text::Utf8Stream whole, pieces;
  std::string shown;
  for (const char c : bytes) shown += pieces.push(std::string(1, c));
  const std::string at_once = whole.push(bytes);
  fuzz::require(shown + pieces.flush() == at_once + whole.flush());
  return 0;
}
