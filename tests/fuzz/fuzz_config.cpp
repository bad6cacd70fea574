// config.json, generation_config.json and tokenizer_config.json of a checkpoint whose tensors are good, cut at zero bytes.
#include "shardlm/io/checkpoint.hpp"
#include "target.hpp"

using namespace shardlm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  static const bool written = (fuzz::write_tiny_checkpoint(folder), true);
  static_cast<void>(written);
  const std::vector<std::string> files = fuzz::parts(data, size, 3);
  fuzz::may_refuse([&] {
    const io::ModelConfig config = io::parse_config(files[0], files[1], "model");
    fuzz::require(config.heads > 0 && config.head_dim() > 0 && config.gain() <= 8);
    for (const std::int32_t token : config.end_tokens) fuzz::require(token >= 0 && std::size_t(token) < config.vocabulary);
  });
  folder.write("config.json", files[0]);
  folder.put("generation_config.json", files[1]);
  folder.put("tokenizer_config.json", files[2]);
  fuzz::may_refuse([&] { io::Checkpoint(folder.path()).head(); });
  return 0;
}
