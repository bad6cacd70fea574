// Opening model files: what is wrong with them is found before they are used, in one sentence.
#include <hdf5.h>
#include <sys/stat.h>

#include <algorithm>

#include "io_files.hpp"
#include "io_manifest.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {
namespace {

using namespace test;
using nlohmann::json;

class ModelFileTest : public testing::Test {
 protected:
  void SetUp() override { convert(kSmallModel, path_, {}); }

  std::string refused() const {
    return refusal([&] { ModelFile{path_}; });
  }
  // After a change of its manifest by somebody who mends checksum and digest.
  std::string refused_with(const Change& change) const {
    const std::string whole = read_file(path_);
    write_file(path_, changed(whole, [&](json& m) {
                 change(m);
                 mend_digest(m);
               }));
    const std::string sentence = refused();
    write_file(path_, whole);
    return sentence;
  }
  std::string refused_attribute(const char* name, const json& value) const {
    return refused_with([&](json& m) { m["attributes"][name] = value; });
  }
  std::string refused_dataset(const char* path, const char* key, const json& value) const {
    return refused_with([&](json& m) { dataset(m, path)[key] = value; });
  }

  CacheFolder no_cache_;
  TemporaryFolder folder_;
  std::string path_ = folder_ / "model.h5";
};

TEST_F(ModelFileTest, DatasetsAreAlignedAndReadInPlace) {
  const ModelFile model(path_);
  for (const char* name : {"layers/0/qkv", "layers/2/down", "head"})
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(model.rows(name).weights) % 64, 0u);
  EXPECT_EQ(model.rows("layers/0/qkv").planes, 2);
  EXPECT_EQ(model.rows("layers/1/gate_up").rows, 236u);
  EXPECT_EQ(model.rows("layers/1/down").columns, 118u);
  EXPECT_TRUE(says(refusal([&] { model.rows("layers/3/qkv"); }), "no weights layers/3/qkv"));
}

TEST_F(ModelFileTest, FilesThatAreNoModelsAreRefused) {
  EXPECT_TRUE(says(refusal([&] { ModelFile{folder_ / "none.h5"}; }), "cannot read"));
  EXPECT_TRUE(says(refusal([&] { ModelFile{folder_.path()}; }), "not a file"));
  for (const char* text : {"", "safetensors perhaps"}) {
    write_file(path_, text);
    EXPECT_TRUE(says(refused(), "it is no ShardLM model file"));
  }
  H5Fclose(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_TRUE(says(refused(), "it is a model file of an older version or some other HDF5 file; convert the checkpoint again"));
}

TEST_F(ModelFileTest, EveryTruncationIsRefused) {
  const std::string whole = read_file(path_);
  for (std::size_t n = 0; n < whole.size(); n += n < 4096 ? 37 : 9973) {
    std::filesystem::resize_file(path_, n);
    EXPECT_TRUE(says(refused(), "cannot use")) << n;
    write_file(path_, whole);
  }
  EXPECT_EQ(refused(), "");
}

void flip_bit(const std::string& path, std::size_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(at);
  const char byte = static_cast<char>(file.get() ^ 1 << at % 8);
  file.seekp(at);
  file.put(byte);
}

// A flipped bit is found, or lies in padding between datasets and changes nothing.
TEST_F(ModelFileTest, FlippedBitsAreFound) {
  const std::size_t size = std::filesystem::file_size(path_);
  const std::string digest = ModelFile(path_).digest();
  std::size_t found = 0, tried = 0;
  for (std::size_t at = 0; at < size; at += at < 20000 ? 31 : 2003, ++tried) {
    flip_bit(path_, at);
    const std::string sentence = refused();
    if (sentence.empty()) {
      EXPECT_EQ(ModelFile(path_).digest(), digest) << at;
    } else {
      EXPECT_TRUE(says(sentence, path_)) << at;
      ++found;
    }
    flip_bit(path_, at);
  }
  EXPECT_EQ(refused(), "");
  EXPECT_GT(found, tried / 2);
}

TEST_F(ModelFileTest, AFlippedWeightIsNamed) {
  std::string bytes = read_file(path_);
  const ModelFile model(path_);
  const auto* weights = reinterpret_cast<const char*>(model.rows("layers/1/o").weights);
  const std::size_t at = bytes.find(std::string(weights, weights + 256));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 100] ^= 16;
  const std::string copy = folder_ / "copy.h5";
  write_file(copy, bytes);
  EXPECT_TRUE(says(refusal([&] { ModelFile{copy}; }), "dataset layers/1/o does not match its checksum"));
}

TEST_F(ModelFileTest, OtherFormatsVersionsAndNumbersAreRefused) {
  EXPECT_TRUE(says(refused_with([](json& m) { m["format"] = "shardlm-shares"; }), "it is of format shardlm-shares and no model file"));
  EXPECT_TRUE(
      says(refused_with([](json& m) { m["version"] = 3; }), "version is 3 and this program reads version 2; convert the checkpoint again"));
  EXPECT_TRUE(says(refused_attribute("weight_scale", 14), "weight_scale 14 where this program computes with 15"));
}

TEST_F(ModelFileTest, ConfigurationsThatDoNotHoldAreRefused) {
  EXPECT_TRUE(says(refused_attribute("heads", 3), "cannot share 2"));
  EXPECT_TRUE(says(refused_attribute("heads", 0), "heads is 0"));
  EXPECT_TRUE(says(refused_attribute("layers", -1), "number of layers"));
  EXPECT_TRUE(says(refused_attribute("layers", ~std::uint64_t{0}), "number of layers"));
  EXPECT_TRUE(says(refused_attribute("silu_bits", 1000), "the SiLU table"));
  EXPECT_TRUE(says(refused_attribute("end_tokens", {1, -1}), "end token -1 is outside the vocabulary"));
  EXPECT_TRUE(says(refused_attribute("end_tokens", {std::uint64_t{1} << 40}), "end token -1 is outside the vocabulary"));
  EXPECT_TRUE(says(refused_attribute("layers", 4), "no dataset layers/3/qkv"));
  EXPECT_TRUE(says(refused_attribute("intermediate", 119), "layers/0/gate_up_exponents has not the shape"));
}

TEST_F(ModelFileTest, AChangedConfigurationOfTheSameShapeIsFound) {
  write_file(path_, changed(read_file(path_), [](json& m) { m["attributes"]["max_positions"] = 4096; }));
  EXPECT_TRUE(says(refused(), "digest does not match"));
}

TEST_F(ModelFileTest, MissingAttributesAndThoseOfAnotherTypeAreNamed) {
  for (const char* name : {"hidden", "weight_scale", "rope_theta", "tied_head", "silu_bits"}) {
    const std::string sentence = "it lacks the attribute " + std::string(name) + " or has it with another type";
    EXPECT_TRUE(says(refused_with([&](json& m) { m["attributes"].erase(name); }), sentence));
    EXPECT_TRUE(says(refused_attribute(name, "text"), sentence));
  }
  EXPECT_TRUE(says(refused_attribute("hidden", 72.5), "attribute hidden"));
  EXPECT_TRUE(says(refused_attribute("end_tokens", {1, "2"}), "attribute end_tokens"));
}

TEST_F(ModelFileTest, MissingAndUnneededDatasetsAreNamed) {
  const auto without = [&](const std::string& path) {
    return refused_with([&](json& m) {
      json kept = json::array();
      for (const json& d : m["datasets"])
        if (d["path"] != path) kept.push_back(d);
      m["datasets"] = kept;
    });
  };
  for (const char* path : {"layers/1/down", "tokenizer", "embedding", "head_exponents"})
    EXPECT_TRUE(says(without(path), "it has no dataset " + std::string(path)));
  EXPECT_TRUE(says(refused_attribute("layers", 2), "dataset head is not in its place"));
  EXPECT_TRUE(says(refused_dataset("head_exponents", "path", "more"), "it has no dataset head_exponents"));
}

TEST_F(ModelFileTest, DatasetsOfAnotherShapeOrTypeAreRefused) {
  EXPECT_TRUE(says(refused_dataset("layers/0/qkv_bias", "shape", {143}), "layers/0/qkv_bias has not the shape"));
  EXPECT_TRUE(says(refused_dataset("layers/0/qkv_bias", "shape", {144, 1}), "layers/0/qkv_bias has not the shape"));
  EXPECT_TRUE(says(refused_dataset("tokenizer", "shape", {1, 1}), "tokenizer has not the shape"));
  EXPECT_TRUE(says(refused_dataset("layers/0/qkv_bias", "element", "uint8"), "layers/0/qkv_bias has another type"));
  EXPECT_TRUE(says(refused_dataset("layers/0/qkv_bias", "encoding", "F32"), "layers/0/qkv_bias has another type"));
}

TEST_F(ModelFileTest, AnEncodingThatIsNoneIsRefused) {
  EXPECT_TRUE(says(refused_dataset("embedding", "encoding", "Q8_0"), "the embedding cannot be read: numbers of type Q8_0"));
  EXPECT_TRUE(says(refused_dataset("embedding", "encoding", "F32"), "embedding has another type"));
}

// HDF5's own structures are for others; what they claim changes nothing.
TEST_F(ModelFileTest, WhatHdf5SaysIsNotRead) {
  std::string bytes = read_file(path_);
  bytes.replace(number_at(bytes, 16, 8), 48, std::string(48, '\xff'));
  write_file(path_, bytes);
  EXPECT_EQ(H5Fis_hdf5(path_.c_str()), 0);
  EXPECT_EQ(refused(), "");
}

// With a cache: the second opening does not read the data, which shows because a damaged byte goes unnoticed when size, inode
// and times are the remembered ones, and is noticed as soon as one of them differs.
class VerifiedOnceTest : public ModelFileTest {
 protected:
  std::string remembered() const { return read_file(folder_ / "cache/shardlm/verified"); }
  CacheFolder cache_{folder_ / "cache"};
};

TEST_F(VerifiedOnceTest, AWholeFileIsRemembered) {
  EXPECT_EQ(refused(), "");
  const std::string first = remembered();
  EXPECT_TRUE(says(first.substr(0, first.size() - 1), std::filesystem::canonical(path_).string()));
  EXPECT_EQ(refused(), "");
  EXPECT_EQ(remembered(), first);
}

TEST_F(VerifiedOnceTest, ARememberedFileIsNotReadAgain) {
  std::string bytes = read_file(path_);
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_EQ(refused(), "");
  const std::string good = remembered();
  write_file(path_, bytes);
  const std::string sentence = refused();
  EXPECT_TRUE(says(sentence, "does not match its checksum"));
  EXPECT_EQ(remembered(), good);
}

TEST_F(VerifiedOnceTest, AnEntryForThisStateOfTheFileSparesTheCheck) {
  EXPECT_EQ(refused(), "");
  std::string line = remembered();
  std::string bytes = read_file(path_);
  bytes[bytes.size() / 2] ^= 1;
  write_file(path_, bytes);
  ASSERT_TRUE(says(refused(), "checksum"));
  // What a verified file of these times would have: digest and size as before, times and inode as they are now.
  const std::string digest = line.substr(0, 64);
  struct stat s {};
  ASSERT_EQ(stat(path_.c_str(), &s), 0);
  const auto nanoseconds = [](const timespec& t) { return std::to_string(t.tv_sec * 1000000000 + t.tv_nsec); };
  write_file(folder_ / "cache/shardlm/verified", digest + " " + std::to_string(s.st_size) + " " + nanoseconds(s.st_mtim) + " " +
                                                     nanoseconds(s.st_ctim) + " " + std::to_string(s.st_dev) + " " +
                                                     std::to_string(s.st_ino) + " " + std::filesystem::canonical(path_).string() + "\n");
  EXPECT_EQ(refused(), "");
}

TEST_F(VerifiedOnceTest, ADamagedCacheCostsOnlyTheCheck) {
  std::filesystem::create_directories(folder_ / "cache/shardlm");
  write_file(folder_ / "cache/shardlm/verified", std::string("\0\n\xff garbage", 11));
  EXPECT_EQ(refused(), "");
  std::filesystem::remove_all(folder_ / "cache");
  write_file(folder_ / "cache", "a file where the folder should be");
  EXPECT_EQ(refused(), "");
}

TEST_F(VerifiedOnceTest, TheCacheStaysSmall) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += std::string(64, 'a') + " 1 2 3 4 5 /file" + std::to_string(i) + "\n";
  std::filesystem::create_directories(folder_ / "cache/shardlm");
  write_file(folder_ / "cache/shardlm/verified", lines);
  EXPECT_EQ(refused(), "");
  const std::string text = remembered();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 256);
}

}  // namespace
}  // namespace shardlm::io
