// A folder of safetensors. First byte even: the rest is model.safetensors alone. Odd: an index and the shards a.safetensors and
// b.safetensors, cut at bytes 0xFF.
#include "shardlm/io/safetensors.hpp"
#include "target.hpp"

using namespace shardlm;

namespace {

void read_all(const io::SafeTensors& file) {
  for (const char* name : {"a", "b"})
    for (const std::vector<std::size_t>& shape : {std::vector<std::size_t>{3}, {2, 1}, {}, {0}, {0, 4}})
      fuzz::may_refuse([&] {
        const io::FloatTensor& tensor = file.tensor(name, shape);
        std::vector<float> numbers(tensor.count());
        tensor.read(0, numbers.size(), numbers.data());
        file.release(tensor, 0, numbers.size());
      });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  if (size == 0) return 0;
  const bool sharded = data[0] % 2 == 1;
  const std::vector<std::string> files = fuzz::parts(data + 1, size - 1, sharded ? 3 : 1, '\xFF');
  folder.put("model.safetensors", sharded ? "" : files[0]);
  folder.put("model.safetensors.index.json", sharded ? files[0] : "");
  if (sharded) {
    folder.put("a.safetensors", files[1]);
    folder.put("b.safetensors", files[2]);
  }
  fuzz::may_refuse([&] { read_all(io::SafeTensors(folder.path())); });
  return 0;
}
