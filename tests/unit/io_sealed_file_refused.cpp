// Sealed files that were changed, by somebody who can make all checksums anew, and keys that are not theirs: refused, by name, with nothing left.
#include "io_sealed.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;
using test::refusal;
using test::says;

TEST_F(SealedFiles, OnlyItsOwnKeyOpensAFile) {
  const std::string by_key = sealed(), by_passphrase = sealed(passphrase());
  const std::string why = refused(by_key, key(kOtherKey));
  EXPECT_TRUE(says(why, "with the data key " + seal::name_of(kDataKey) + ", and this is " + seal::name_of(kOtherKey)));
  EXPECT_TRUE(says(refused(by_key, passphrase()), "with the data key " + seal::name_of(kDataKey) + ", and this is a passphrase"));
  EXPECT_TRUE(says(refused(by_passphrase, key()), "with a passphrase, and this is a key file"));
  EXPECT_TRUE(says(refused(by_passphrase, passphrase("correct horse battery stapl")), "the passphrase is not the one"));
  unseal_file(folder / "sealed.h5", folder / "open.h5", passphrase());
}

// Whoever made it say so.
TEST_F(SealedFiles, AKeyOfTheRightNameAloneOpensNothing) {
  const std::string file = sealed();
  EXPECT_TRUE(says(refused_with(file, [](json& m) { m["attributes"]["key_name"] = seal::name_of(kOtherKey); }, key(kOtherKey)),
                   "its attributes are not those that it was sealed with"));
}

TEST_F(SealedFiles, AKeyFileOpensWhatItSealed) {
  seal::write_data_key(folder / "data.key", kDataKey);
  sealed();
  unseal_file(folder / "sealed.h5", folder / "open.h5", Unlock::with_key_file(folder / "data.key"));
  EXPECT_TRUE(test::read_file(folder / "open.h5") == test::read_file(model));
  EXPECT_TRUE(says(refusal([&] { Unlock::with_key_file(model); }), "cannot read the key file"));
}

TEST_F(SealedFiles, OneBitInAnyChunkOrTagIsNoticed) {
  const std::string file = sealed();
  const Anatomy a(file);
  ASSERT_GT(a.chunks, 2u);
  for (std::size_t i = 0; i < a.chunks; ++i) {
    const std::string part = "part " + std::to_string(i + 1) + " of " + std::to_string(a.chunks) + " is not what was sealed there";
    for (const std::size_t at : {std::size_t{0}, a.size_of(i) / 2, a.size_of(i) - 1}) {
      std::string changed = file;
      changed[a.image + i * kChunk + at] ^= static_cast<char>(1 << at % 8);
      EXPECT_TRUE(says(refused(changed), part));
    }
    for (std::size_t at = 0; at < 16; ++at) {
      std::string changed = file;
      changed[a.tags + i * 16 + at] ^= static_cast<char>(1 << at % 8);
      EXPECT_TRUE(says(refused(changed), part));
    }
  }
}

TEST_F(SealedFiles, ChunksInEachOthersPlaceAreNoticed) {
  const std::string file = sealed();
  const Anatomy a(file);
  std::string swapped = file;
  swapped.replace(a.image, kChunk, a.chunk(file, 1)).replace(a.image + kChunk, kChunk, a.chunk(file, 0));
  EXPECT_TRUE(says(refused(swapped), "part 1 of"));
  swapped.replace(a.tags, 16, a.tag(file, 1)).replace(a.tags + 16, 16, a.tag(file, 0));
  EXPECT_TRUE(says(refused(swapped), "part 1 of"));
  std::string twice = file;
  twice.replace(a.image + kChunk, kChunk, a.chunk(file, 0)).replace(a.tags + 16, 16, a.tag(file, 0));
  EXPECT_TRUE(says(refused(twice), "part 2 of"));
}

// Of the same original, under the same key: an older version of it, for one.
TEST_F(SealedFiles, PartsOfAnotherSealingAreNoticed) {
  const std::string file = sealed(), other = sealed();
  const Anatomy a(file), b(other);
  ASSERT_EQ(a.image, b.image);
  for (std::size_t i = 0; i < a.chunks; ++i) {
    std::string mixed = file;
    mixed.replace(a.image + i * kChunk, a.size_of(i), b.chunk(other, i)).replace(a.tags + 16 * i, 16, b.tag(other, i));
    EXPECT_TRUE(says(refused(mixed), "part " + std::to_string(i + 1) + " of"));
  }
  EXPECT_TRUE(says(refused_with(file, [&](json& m) { m["attributes"] = b.manifest["attributes"]; }), "part 1 of"));
  EXPECT_TRUE(says(refused_with(file, [&](json& m) {
                     for (const char* name : {"wrapped_key", "wrap_nonce", "wrap_tag"}) m["attributes"][name] = b.manifest["attributes"][name];
                   }),
                   "its attributes are not those"));
  EXPECT_TRUE(says(refused_with(file, [&](json& m) {
                     test::dataset(m, "image")["offset"] = a.image + 64;
                     test::dataset(m, "tags")["offset"] = a.tags + 64;
                   }),
                   "cannot "));
}

TEST_F(SealedFiles, EveryDigitOfEveryAttributeCounts) {
  for (const Unlock& unlock : {key(), passphrase()}) {
    const std::string file = sealed(unlock);
    const json attributes = Anatomy(file).manifest["attributes"];
    for (const auto& [name, value] : attributes.items()) {
      SCOPED_TRACE(name);
      std::vector<json> others = {nullptr, 1.5, -1, "", "data", json::array({1}), json::object(), std::uint64_t{1} << 40, ~std::uint64_t{0}};
      if (value.is_number()) {
        const std::uint64_t number = value;
        others.insert(others.end(), {number + 1, number - 1, std::to_string(number)});
      }
      if (value.is_string()) {
        const std::string text = value;
        others.insert(others.end(), {text + "00", text.substr(0, text.size() - 1), "A" + text.substr(1)});
        const bool cheap = unlock.key.has_value() || name == "with";
        for (std::size_t i = 0; i < text.size(); i += cheap ? 1 : 15) {
          std::string changed = text;
          changed[i] = changed[i] == '3' ? '4' : '3';
          others.push_back(changed);
        }
      }
      for (const json& other : others) {
        if (other == value) continue;
        EXPECT_TRUE(says(refused_with(file, [&, key = name](json& m) { m["attributes"][key] = other; }, unlock), "cannot ")) << other;
      }
      EXPECT_TRUE(says(refused_with(file, [key = name](json& m) { m["attributes"].erase(key); }, unlock), name));
    }
    EXPECT_TRUE(says(refused_with(file, [](json& m) { m["attributes"]["note"] = "x"; }, unlock), "it has attributes that a sealed file has not"));
  }
}

TEST_F(SealedFiles, AnotherVersionOrOtherDatasetsAreRefused) {
  const std::string file = sealed();
  EXPECT_TRUE(says(refused_with(file, [](json& m) { m["version"] = 1; }), "its format version is 1 and this program reads version 2"));
  EXPECT_TRUE(says(refused_with(file, [](json& m) { m["format"] = "shardlm-model"; }), "it is not sealed"));
  for (const char* name : {"image", "tags"}) {
    EXPECT_TRUE(says(refused_with(file, [&](json& m) { test::dataset(m, name)["path"] = "other"; }), std::string("it has no dataset ") + name));
    EXPECT_TRUE(says(refused_with(file, [&](json& m) { test::dataset(m, name)["element"] = "int8"; }), "another type of numbers"));
  }
  EXPECT_TRUE(says(refused_with(file, [](json& m) { test::dataset(m, "tags")["shape"] = {1, 16}; }), "has not the shape"));
  EXPECT_TRUE(says(refused_with(file, [](json& m) { m["datasets"].erase(0); }), "no dataset image"));
}

// With and without the sizes that a stranger would put right.
TEST_F(SealedFiles, ACutEndIsNoticed) {
  const std::string file = sealed();
  const Anatomy a(file);
  for (const std::size_t bytes : {file.size() - 1, a.image + kChunk, a.image + 1, std::size_t{600}, std::size_t{8}})
    EXPECT_TRUE(says(refused(file.substr(0, bytes)), "truncated")) << bytes;
  for (const std::size_t less : {std::size_t{1}, a.size_of(a.chunks - 1)}) {
    const std::size_t bytes = a.bytes - less, chunks = (bytes + kChunk - 1) / kChunk;
    const auto cut = [&](json& m) {
      test::dataset(m, "image")["shape"] = {bytes};
      test::dataset(m, "tags")["shape"] = {chunks, 16};
    };
    EXPECT_TRUE(says(refused_with(file, cut), "dataset image has not the shape"));
    EXPECT_TRUE(says(refused_with(file, [&](json& m) { cut(m), m["attributes"]["bytes"] = bytes; }), "its attributes are not those"));
  }
}

TEST_F(SealedFiles, AStrangersScryptCostIsBounded) {
  const std::string file = sealed(passphrase());
  const auto cost = [&](std::uint32_t log2_n, std::uint32_t r, std::uint32_t p) {
    return refused_with(file, [&](json& m) {
      m["attributes"]["scrypt_log2_n"] = log2_n;
      m["attributes"]["scrypt_r"] = r;
      m["attributes"]["scrypt_p"] = p;
    }, passphrase());
  };
  EXPECT_TRUE(says(cost(13, 8, 1), "is not a cost to derive a key with"));
  EXPECT_TRUE(says(cost(30, 8, 1), "is not a cost to derive a key with"));
  EXPECT_TRUE(says(cost(20, 16, 1), "is not a cost to derive a key with"));
  EXPECT_TRUE(says(cost(14, 8, 100), "is not a cost to derive a key with"));
  EXPECT_TRUE(says(cost(14, 0, 1), "is not a cost to derive a key with"));
  EXPECT_TRUE(says(cost(14, 8, 2), "the passphrase is not the one"));
  EXPECT_THROW(Unlock::with_passphrase("secret", {13, 8, 1}), Error);
  EXPECT_THROW(Unlock::with_passphrase("secret", {24, 8, 1}), Error);
  EXPECT_TRUE(says(refusal([] { Unlock::with_passphrase(""); }), "the passphrase is empty"));
}

}  // namespace
}  // namespace shardlm::io
