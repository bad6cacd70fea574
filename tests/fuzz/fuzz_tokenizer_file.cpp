// tokenizer.json, then after a zero byte a text to encode with it.
#include "shardlm/text/tokenizer.hpp"
#include "target.hpp"

using namespace shardlm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> files = fuzz::parts(data, size, 2);
  fuzz::may_refuse([&] {
    const text::Tokenizer tokenizer(files[0]);
    for (const std::string& line : {files[1], std::string("The caf\xC3\xA9 <|im_end|>, it's 12!\n\n  x\xFF")})
      for (const bool special : {false, true})
        fuzz::may_refuse([&] {
          const std::vector<text::Token> tokens = tokenizer.encode(line, special);
          for (const text::Token token : tokens) fuzz::require(token >= 0 && std::size_t(token) < tokenizer.size());
          tokenizer.decode(tokens, special);
        });
    tokenizer.decode({-1, 0, 255, text::Token(tokenizer.size()) - 1, text::Token(tokenizer.size()), INT32_MAX}, true);
  });
  return 0;
}
