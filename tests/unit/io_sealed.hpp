// Files to seal, small ones and one of several chunks, and what is needed to take sealed ones apart.
#pragma once

#include "io_files.hpp"
#include "io_manifest.hpp"
#include "shardlm/io/random_model.hpp"
#include "shardlm/io/sealed_file.hpp"
#include "shardlm/io/sealed_table.hpp"
#include "shardlm/io/share_set.hpp"

namespace shardlm::io {

inline const seal::DataKey kDataKey({1, 2, 3}), kOtherKey({4, 5, 6});
constexpr std::size_t kChunk = std::size_t{1} << 20;

inline Unlock key(const seal::DataKey& data_key = kDataKey) { return Unlock::with_key(data_key); }
// The least cost that is accepted.
inline Unlock passphrase(const char* text = "correct horse battery staple") { return Unlock::with_passphrase(text, {14, 8, 1}); }

class SealedFiles : public testing::Test {
 protected:
  SealedFiles() {
    ModelConfig shape;
    shape.hidden = 64;
    shape.layers = 1;
    shape.heads = 4;
    shape.kv_heads = 2;
    shape.intermediate = 160;
    shape.vocabulary = 9000;
    convert_random({"confidential", shape, 1}, model, {});
  }
  std::string sealed(const Unlock& unlock = key(), const char* name = "sealed.h5") const {
    seal_file(model, folder / name, unlock);
    return test::read_file(folder / name);
  }
  // Why a file with these bytes is not opened: the same on both ways, and nothing is left behind.
  std::string refused(const std::string& bytes, const Unlock& unlock = key()) const {
    test::write_file(folder / "changed.h5", bytes);
    const std::size_t entries = folder.entries();
    const std::string why = test::refusal([&] { unseal_file(folder / "changed.h5", folder / "out.h5", unlock, {}, {}, 1); });
    EXPECT_EQ(test::refusal([&] { SealedImage(folder / "changed.h5", unlock, {}, {}, 1); }), why);
    EXPECT_EQ(folder.entries(), entries);
    EXPECT_TRUE(test::says(why, folder / "changed.h5"));
    return why;
  }
  // The same of a file whose manifest a stranger has changed and made the digest of.
  std::string refused_with(const std::string& file, const test::Change& change, const Unlock& unlock = key()) const {
    return refused(test::changed(file, [&](nlohmann::json& m) {
      change(m);
      test::mend_digest(m);
    }), unlock);
  }

  const test::TemporaryFolder folder;
  const test::CacheFolder no_cache;
  const std::string model = folder / "model.h5";
};

// Where a sealed file has its parts.
struct Anatomy {
  explicit Anatomy(const std::string& file) : manifest(nlohmann::json::parse(test::manifest_text(file))) {
    image = test::dataset(manifest, "image")["offset"];
    tags = test::dataset(manifest, "tags")["offset"];
    bytes = manifest["attributes"]["bytes"];
    chunks = (bytes + kChunk - 1) / kChunk;
  }
  std::size_t size_of(std::size_t chunk) const { return std::min(kChunk, bytes - chunk * kChunk); }
  std::string chunk(const std::string& file, std::size_t i) const { return file.substr(image + i * kChunk, size_of(i)); }
  std::string tag(const std::string& file, std::size_t i) const { return file.substr(tags + 16 * i, 16); }

  nlohmann::json manifest;
  std::size_t image, tags, bytes, chunks;
};

}  // namespace shardlm::io
