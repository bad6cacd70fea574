// A model file. First byte even: the rest is the file. Odd: the rest are patches to a sound file, [place, 2 bytes][count - 1, 1 byte]
// [count bytes, at most 8]. With SHARDLM_FUZZ_HDF5 in the environment HDF5's checksums are mended afterwards, as a stranger would, so
// that what is behind them is reached: that finds faults of the HDF5 library itself.
#include <algorithm>

#include "shardlm/io/model_file.hpp"
#include "target.hpp"

using namespace shardlm;

namespace {

// HDF5's checksum of metadata: lookup3's hashlittle (Jenkins, public domain) with initial value 0.
std::uint32_t lookup3(const std::string& s, std::size_t at, std::size_t n) {
  const auto turn = [](std::uint32_t x, int k) { return x << k | x >> (32 - k); };
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(n), b = a, c = a;
  const auto word = [&](std::size_t i, std::size_t left) {
    std::uint32_t w = 0;
    for (std::size_t k = 0; k < std::min<std::size_t>(4, left); ++k) w |= std::uint32_t(std::uint8_t(s[i + k])) << (8 * k);
    return w;
  };
  for (; n > 12; n -= 12, at += 12) {
    a += word(at, 4), b += word(at + 4, 4), c += word(at + 8, 4);
    a -= c, a ^= turn(c, 4), c += b;
    b -= a, b ^= turn(a, 6), a += c;
    c -= b, c ^= turn(b, 8), b += a;
    a -= c, a ^= turn(c, 16), c += b;
    b -= a, b ^= turn(a, 19), a += c;
    c -= b, c ^= turn(b, 4), b += a;
  }
  if (n == 0) return c;
  a += word(at, n), b += n > 4 ? word(at + 4, n - 4) : 0, c += n > 8 ? word(at + 8, n - 8) : 0;
  c ^= b, c -= turn(b, 14);
  a ^= c, a -= turn(c, 11);
  b ^= a, b -= turn(a, 25);
  c ^= b, c -= turn(b, 16);
  a ^= c, a -= turn(c, 4);
  b ^= a, b -= turn(a, 14);
  c ^= b, c -= turn(b, 24);
  return c;
}

struct Block {
  std::size_t at, size;  // without the checksum that follows
};

std::uint32_t stored(const std::string& file, const Block& b) {
  std::uint32_t w = 0;
  for (int k = 0; k < 4; ++k) w |= std::uint32_t(std::uint8_t(file[b.at + b.size + k])) << (8 * k);
  return w;
}

// The sound file, and every block of it that a checksum ends.
struct Base {
  fuzz::Folder folder;
  std::string file;
  std::vector<Block> blocks;

  Base() {
    fuzz::write_tiny_checkpoint(folder);
    const std::string path = folder / "base.h5";
    io::convert(folder.path(), path, {});
    file = fuzz::file_text(path);
    for (const char* mark : {"\x89HDF", "OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTIN", "BTLF", "FSHD", "FSSE"})
      for (std::size_t at = file.find(mark); at != std::string::npos; at = file.find(mark, at + 1)) add(at);
    fuzz::require(blocks.size() >= 20);
    io::ModelFile{path};
  }
  void add(std::size_t at) {
    for (std::size_t n = 8; n <= 4096 && at + n + 4 <= file.size(); ++n)
      if (lookup3(file, at, n) == stored(file, {at, n})) return blocks.push_back({at, n});
  }
};

std::string patched(const Base& base, const std::uint8_t* data, std::size_t size) {
  std::string file = base.file;
  for (std::size_t i = 0; i + 3 < size;) {
    std::size_t place = (data[i] | data[i + 1] << 8) % file.size();
    const std::size_t n = std::min<std::size_t>(data[i + 2] % 8 + 1, size - i - 3);
    for (std::size_t k = 0; k < n && place < file.size(); ++k) file[place++] = static_cast<char>(data[i + 3 + k]);
    i += 3 + n;
  }
  static const bool mend = std::getenv("SHARDLM_FUZZ_HDF5") != nullptr;
  for (const Block& b : mend ? base.blocks : std::vector<Block>()) {
    const std::uint32_t sum = lookup3(file, b.at, b.size);
    for (int k = 0; k < 4; ++k) file[b.at + b.size + k] = static_cast<char>(sum >> (8 * k));
  }
  return file;
}

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
  const bool patches = data[0] % 2 == 1;
  base.folder.write("model.h5", patches ? patched(base, data + 1, size - 1) : std::string(data + 1, data + size));
  fuzz::may_refuse([&] { use(io::ModelFile(base.folder / "model.h5")); });
  return 0;
}
