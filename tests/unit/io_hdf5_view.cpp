// A model file as HDF5 programs see it: an ordinary file that says what the manifest says, attribute by attribute and byte by byte.
#include <hdf5.h>

#include <map>
#include <set>

#include "io_files.hpp"
#include "io_manifest.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::io {
namespace {

using namespace test;
using nlohmann::json;

// An attribute of a whole number, several, a real or a text, as JSON.
json value_of(hid_t attribute) {
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const auto n = static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
  json value;
  if (H5Tget_class(type) == H5T_STRING) {
    std::string text(H5Tget_size(type), '\0');
    H5Aread(attribute, type, &text[0]);
    value = text;
  } else if (H5Tget_class(type) == H5T_FLOAT) {
    double x = 0;
    H5Aread(attribute, H5T_NATIVE_DOUBLE, &x);
    value = x;
  } else {
    std::vector<std::int64_t> list(n);
    H5Aread(attribute, H5T_NATIVE_INT64, list.data());
    value = H5Sget_simple_extent_ndims(space) == 0 ? json(list[0]) : json(list);
  }
  H5Tclose(type);
  H5Sclose(space);
  return value;
}

json attributes_of(hid_t object) {
  json all = json::object();
  const auto add = [](hid_t where, const char* name, const H5A_info_t*, void* to) -> herr_t {
    const hid_t attribute = H5Aopen(where, name, H5P_DEFAULT);
    (*static_cast<json*>(to))[name] = value_of(attribute);
    return H5Aclose(attribute);
  };
  EXPECT_GE(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, add, &all), 0);
  return all;
}

void add_datasets(hid_t group, const std::string& prefix, std::set<std::string>& paths) {
  H5G_info_t info;
  ASSERT_GE(H5Gget_info(group, &info), 0);
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    char name[64] = "";
    H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
    const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    if (H5Iget_type(object) == H5I_GROUP) {
      add_datasets(object, prefix + name + "/", paths);
    } else {
      paths.insert(prefix + name);
    }
    H5Oclose(object);
  }
}

hid_t type_of(const std::string& element) {
  // Not in one list of braces: the types are macros with commas, of which nvcc makes something else.
  std::map<std::string, hid_t> types;
  types["uint8"] = H5T_STD_U8LE;
  types["int8"] = H5T_STD_I8LE;
  types["uint16"] = H5T_STD_U16LE;
  types["int16"] = H5T_STD_I16LE;
  types["float32"] = H5T_IEEE_F32LE;
  types["int64"] = H5T_STD_I64LE;
  types["uint64"] = H5T_STD_U64LE;
  return types.at(element);
}

class Hdf5ViewTest : public testing::Test {
 protected:
  void SetUp() override {
    convert(kSmallModel, path_, {});
    bytes_ = read_file(path_);
    manifest_ = json::parse(manifest_text(bytes_));
    file_ = H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    ASSERT_GE(file_, 0);
  }
  ~Hdf5ViewTest() override { H5Fclose(file_); }

  CacheFolder no_cache_;
  TemporaryFolder folder_;
  std::string path_ = folder_ / "model.h5", bytes_;
  json manifest_;
  hid_t file_ = -1;
};

TEST_F(Hdf5ViewTest, TheManifestLiesInTheUserBlock) {
  const hid_t creation = H5Fget_create_plist(file_);
  hsize_t block = 0, size = 0;
  H5Pget_userblock(creation, &block);
  H5Fget_filesize(file_, &size);
  H5Pclose(creation);
  EXPECT_EQ(block, number_at(bytes_, 16, 8));
  EXPECT_EQ(size, number_at(bytes_, 24, 8));
  EXPECT_EQ(size, bytes_.size());
}

TEST_F(Hdf5ViewTest, TheRootHasEveryValueOfTheManifest) {
  json expected = manifest_["attributes"];
  for (const char* key : {"format", "version", "name", "digest"}) expected[key] = manifest_[key];
  EXPECT_EQ(attributes_of(file_), expected);
  EXPECT_EQ(expected["hidden"], 72);
  EXPECT_EQ(expected["version"], 2);
}

TEST_F(Hdf5ViewTest, BothListTheSameDatasets) {
  std::set<std::string> listed;
  for (const json& d : manifest_["datasets"]) listed.insert(d["path"].get<std::string>());
  std::set<std::string> seen;
  add_datasets(file_, "", seen);
  EXPECT_EQ(seen, listed);
  EXPECT_EQ(listed.size(), manifest_["datasets"].size());
}

TEST_F(Hdf5ViewTest, EveryDatasetIsTheSameInBoth) {
  for (const json& d : manifest_["datasets"]) {
    const std::string path = d["path"];
    const hid_t set = H5Dopen2(file_, path.c_str(), H5P_DEFAULT), type = H5Dget_type(set), space = H5Dget_space(set);
    EXPECT_GT(H5Tequal(type, type_of(d["element"])), 0) << path;
    std::vector<hsize_t> shape(H5Sget_simple_extent_ndims(space));
    H5Sget_simple_extent_dims(space, shape.data(), nullptr);
    EXPECT_EQ(json(shape), d["shape"]) << path;
    EXPECT_EQ(H5Dget_offset(set), d["offset"].get<haddr_t>()) << path;
    json attributes{{"sha256", d["sha256"]}};
    if (d.contains("encoding")) attributes["encoding"] = d["encoding"];
    EXPECT_EQ(attributes_of(set), attributes) << path;
    std::string data(H5Sget_simple_extent_npoints(space) * H5Tget_size(type), '\0');
    EXPECT_GE(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &data[0]), 0) << path;
    EXPECT_EQ(data, bytes_.substr(d["offset"], data.size())) << path;
    Checksum sum;
    sum.add(data.data(), data.size());
    EXPECT_EQ(sum.hex(), d["sha256"].get<std::string>()) << path;
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(set);
  }
}

TEST_F(Hdf5ViewTest, OnlyTheEmbeddingHasAnEncoding) {
  for (const json& d : manifest_["datasets"]) EXPECT_EQ(d.contains("encoding"), d["path"] == "embedding");
}

}  // namespace
}  // namespace shardlm::io
