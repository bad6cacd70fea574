// A sealed file, changed as changed_file.hpp says: whatever comes of it is the original, or an error.
#include "changed_file.hpp"
#include "shardlm/io/sealed_file.hpp"
#include "target.hpp"

using namespace shardlm;

namespace {

struct Base : fuzz::SoundFile {
  Base() {
    fuzz::write_tiny_checkpoint(folder);
    io::convert(folder.path(), folder / "model.h5", {});
    io::seal_file(folder / "model.h5", folder / "base.h5", key);
    take(folder / "base.h5");
    original = fuzz::file_text(folder / "model.h5");
  }
  fuzz::Folder folder;
  const io::Unlock key = io::Unlock::with_key(seal::DataKey({1, 2, 3}));
  std::string original;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Base base;
  if (size == 0) return 0;
  base.folder.write("sealed.h5", fuzz::changed(base, data, size));
  fuzz::may_refuse([&] { fuzz::require(fuzz::file_text(io::SealedImage(base.folder / "sealed.h5", base.key, {}, {}, 1).path()) == base.original); });
  io::is_sealed(base.folder / "sealed.h5");
  return 0;
}
