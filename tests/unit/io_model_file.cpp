// Opening model files: what is wrong with them is found before they are used, in one sentence.
#include <hdf5.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "io_files.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {
namespace {

using namespace test;

class ModelFileTest : public testing::Test {
 protected:
  void SetUp() override { convert(kSmallModel, path_, {}); }

  std::string refused() const {
    return refusal([&] { ModelFile{path_}; });
  }
  // Opens the file for writing with HDF5 itself.
  std::string refused_after(const std::function<void(hid_t)>& change) const {
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    change(file);
    H5Fclose(file);
    return refused();
  }
  // Replaces a dataset by one of another kind.
  std::string refused_with(const char* name, hid_t type, std::vector<hsize_t> shape, hid_t properties = H5P_DEFAULT) const {
    return refused_after([&](hid_t file) {
      H5Ldelete(file, name, H5P_DEFAULT);
      const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
      H5Dclose(H5Dcreate2(file, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT));
      H5Sclose(space);
    });
  }
  static void set_integer(hid_t object, const char* name, std::int64_t value) {
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT64, &value);
    H5Aclose(attribute);
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
  write_file(path_, "");
  EXPECT_TRUE(says(refused(), "not an HDF5 file"));
  write_file(path_, "safetensors perhaps");
  EXPECT_TRUE(says(refused(), "not an HDF5 file"));
  H5Fclose(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_TRUE(says(refused(), "no ShardLM model"));
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

TEST_F(ModelFileTest, OtherVersionsAndNumbersAreRefused) {
  EXPECT_TRUE(says(refused_after([](hid_t f) { set_integer(f, "version", 2); }), "version is 2 and this program reads version 1"));
  EXPECT_TRUE(says(refused_after([](hid_t f) {
                     set_integer(f, "version", 1);
                     set_integer(f, "weight_scale", 14);
                   }),
                   "weight_scale 14"));
}

TEST_F(ModelFileTest, ConfigurationsThatDoNotHoldAreRefused) {
  EXPECT_TRUE(says(refused_after([](hid_t f) { set_integer(f, "heads", 3); }), "cannot share 2"));
  EXPECT_TRUE(says(refused_after([](hid_t f) { set_integer(f, "heads", 0); }), "heads is 0"));
  EXPECT_TRUE(says(refused_after([](hid_t f) { set_integer(f, "layers", -1); }), "number of layers"));
  EXPECT_TRUE(says(refused_after([](hid_t f) {
                     set_integer(f, "heads", 4);
                     set_integer(f, "layers", 2);
                   }),
                   "digest does not match"));
  EXPECT_TRUE(says(refused_after([](hid_t f) { set_integer(f, "layers", 4); }), "no dataset layers/3/qkv"));
  EXPECT_TRUE(says(refused_after([](hid_t f) {
                     set_integer(f, "layers", 3);
                     set_integer(f, "intermediate", 119);
                   }),
                   "layers/0/gate_up_exponents has not the shape"));
}

TEST_F(ModelFileTest, AChangedConfigurationOfTheSameShapeIsFound) {
  EXPECT_TRUE(says(refused_after([](hid_t f) { set_integer(f, "max_positions", 4096); }), "digest does not match"));
}

TEST_F(ModelFileTest, MissingAttributesAreNamed) {
  for (const char* name : {"rope_theta", "hidden"})
    EXPECT_TRUE(says(refused_after([&](hid_t f) { H5Adelete(f, name); }),
                     std::string("lacks the attribute ") + (std::strcmp(name, "hidden") ? "rope_theta" : "hidden")));
}

TEST_F(ModelFileTest, MissingDatasetsAreNamed) {
  EXPECT_TRUE(says(refused_after([](hid_t f) { H5Ldelete(f, "layers/1/down", H5P_DEFAULT); }), "no dataset layers/1/down"));
  EXPECT_TRUE(says(refused_after([](hid_t f) { H5Ldelete(f, "tokenizer", H5P_DEFAULT); }), "no dataset tokenizer"));
}

TEST_F(ModelFileTest, DatasetsOfAnotherShapeOrTypeAreRefused) {
  EXPECT_TRUE(says(refused_with("layers/0/qkv_bias", H5T_STD_I64LE, {143}), "layers/0/qkv_bias has not the shape"));
  EXPECT_TRUE(says(refused_with("layers/0/qkv_bias", H5T_STD_I64LE, {144, 1}), "layers/0/qkv_bias has not the shape"));
  EXPECT_TRUE(says(refused_with("layers/0/qkv_bias", H5T_STD_I64BE, {144}), "another type"));
  EXPECT_TRUE(says(refused_with("layers/0/qkv_bias", H5T_IEEE_F64LE, {144}), "another type"));
}

TEST_F(ModelFileTest, DatasetsThatAreNotInOnePieceAreRefused) {
  const hsize_t chunk = 12;
  const hid_t chunked = H5Pcreate(H5P_DATASET_CREATE), compressed = H5Pcreate(H5P_DATASET_CREATE), external = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(chunked, 1, &chunk);
  H5Pset_chunk(compressed, 1, &chunk);
  H5Pset_deflate(compressed, 1);
  H5Pset_external(external, (folder_ / "elsewhere").c_str(), 0, 144 * 8);
  for (const hid_t properties : {chunked, compressed, external}) {
    EXPECT_TRUE(says(refused_with("layers/0/qkv_bias", H5T_STD_I64LE, {144}, properties), "not stored in one piece"));
    H5Pclose(properties);
  }
}

TEST_F(ModelFileTest, DatasetsWithoutAPlaceInTheFileAreRefused) {
  const hid_t late = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_alloc_time(late, H5D_ALLOC_TIME_LATE);
  EXPECT_TRUE(says(refused_with("layers/0/qkv_bias", H5T_STD_I64LE, {144}, late), "ends beyond the end"));
  H5Pclose(late);
}

TEST_F(ModelFileTest, LinksOutOfTheFileAreNotFollowed) {
  std::filesystem::copy_file(path_, folder_ / "other.h5");
  EXPECT_TRUE(says(refused_after([&](hid_t f) {
                     H5Ldelete(f, "layers", H5P_DEFAULT);
                     H5Lcreate_external((folder_ / "other.h5").c_str(), "/layers", f, "layers", H5P_DEFAULT, H5P_DEFAULT);
                   }),
                   "no dataset layers/0/qkv"));
}

TEST_F(ModelFileTest, AnEncodingThatIsNoneIsRefused) {
  EXPECT_TRUE(says(refused_after([](hid_t f) {
                     const hid_t dataset = H5Dopen2(f, "embedding", H5P_DEFAULT), attribute = H5Aopen(dataset, "encoding", H5P_DEFAULT),
                                 type = H5Aget_type(attribute);
                     H5Awrite(attribute, type, "Q8_0");
                     H5Tclose(type);
                     H5Aclose(attribute);
                     H5Dclose(dataset);
                   }),
                   "numbers of type Q8_0"));
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
