// A model file, changed as changed_file.hpp says.
#include "changed_file.hpp"
#include "shardlm/io/model_file.hpp"
#include "target.hpp"

using namespace shardlm;

namespace {

struct Base : fuzz::SoundFile {
  Base() {
    fuzz::write_tiny_checkpoint(folder);
    const std::string path = folder / "base.h5";
    io::convert(folder.path(), path, {});
    take(path);
    io::ModelFile{path};
  }
  fuzz::Folder folder;
};

void use(const io::ModelFile& model) {
  std::vector<float> row(model.config().hidden);
  model.embedding(model.config().vocabulary - 1, row.data());
  const io::MappedRows head = model.rows("head");
  fuzz::require(head.rows == model.config().vocabulary && head.columns == model.config().hidden);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < plane_words(head.rows, head.columns); ++i) sum += head.weights[i];
  for (std::size_t i = 0; i < model.config().layers; ++i)
    sum += model.qkv_bias(i)[0] & 1, sum += model.rows("layers/" + std::to_string(i) + "/down").exponents[0];
  fuzz::require(sum != INT64_MIN);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Base base;
  if (size == 0) return 0;
  base.folder.write("model.h5", fuzz::changed(base, data, size));
  fuzz::may_refuse([&] { use(io::ModelFile(base.folder / "model.h5")); });
  return 0;
}
