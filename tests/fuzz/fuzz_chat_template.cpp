// A chat template of tokenizer_config.json: the system message that is found in it is put into a prompt.
#include "shardlm/text/tokenizer.hpp"
#include "target.hpp"

using namespace shardlm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const text::Tokenizer tokenizer(fuzz::file_text(std::string(SHARDLM_VECTORS) + "/tokenizer_small.json"));
  fuzz::may_refuse([&] {
    const std::string system = text::default_system(std::string(reinterpret_cast<const char*>(data), size));
    fuzz::require(size == 0 || system.size() <= size);
    text::chat_prompt(tokenizer, {{"user", "Hello"}}, system);
  });
  return 0;
}
