// Reading safetensors, and refusing whatever is not.
#include "io_files.hpp"
#include "shardlm/io/safetensors.hpp"

namespace shardlm::io {
namespace {

using namespace test;

// Two tensors of bfloat16: a = {1, 2, 3}, b = [[1], [-1]].
const std::string kHeader =
    R"({"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[2,1],"data_offsets":[6,10]}})";
const std::string kData =
    little_endian(0x3f80, 2) + little_endian(0x4000, 2) + little_endian(0x4040, 2) + little_endian(0x3f80, 2) + little_endian(0xbf80, 2);

class SafeTensorsTest : public testing::Test {
 protected:
  std::string refused(const std::string& bytes) {
    write_file(folder_ / "model.safetensors", bytes);
    return refusal([&] { SafeTensors{folder_.path()}; });
  }
  std::string refused_tensor(const std::string& description, const std::string& data) {
    return refused(safetensors("{\"x\":" + description + "}", data));
  }
  TemporaryFolder folder_;
};

TEST_F(SafeTensorsTest, TensorsAreReadByNameAndShape) {
  EXPECT_EQ(refused(safetensors(kHeader, kData)), "");
  const SafeTensors file(folder_.path());
  float x[2];
  file.tensor("b", {2, 1}).read(0, 2, x);
  EXPECT_EQ(x[0], 1);
  EXPECT_EQ(x[1], -1);
  file.tensor("a", {3}).read(2, 1, x);
  EXPECT_EQ(x[0], 3);
  EXPECT_TRUE(file.contains("a"));
  EXPECT_FALSE(file.contains("c"));
}

TEST_F(SafeTensorsTest, MissingMisshapenAndIntegerTensorsAreRefused) {
  const std::string header = kHeader.substr(0, kHeader.size() - 1) + R"(,"i":{"dtype":"I64","shape":[1],"data_offsets":[10,18]}})";
  EXPECT_EQ(refused(safetensors(header, kData + little_endian(7, 8))), "");
  const SafeTensors file(folder_.path());
  EXPECT_TRUE(says(refusal([&] { file.tensor("c", {3}); }), "no tensor c"));
  EXPECT_TRUE(says(refusal([&] { file.tensor("a", {4}); }), "has shape [3] where the configuration needs [4]"));
  EXPECT_TRUE(says(refusal([&] { file.tensor("i", {1}); }), "I64"));
  float x[4];
  EXPECT_TRUE(says(refusal([&] { file.tensor("a", {3}).read(1, 3, x); }), "cannot be read"));
}

TEST_F(SafeTensorsTest, EveryTruncationIsRefused) {
  const std::string whole = safetensors(kHeader, kData);
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_TRUE(says(refused(whole.substr(0, n)), n < 8 ? "too short" : "truncated")) << n;
  EXPECT_TRUE(says(refused(whole + "x"), "1 bytes after the last tensor"));
}

TEST_F(SafeTensorsTest, HeadersThatAreNoHeadersAreRefused) {
  EXPECT_TRUE(says(refused("GGUF and something else"), "no safetensors file"));
  EXPECT_TRUE(says(refused(little_endian(~std::uint64_t{0}, 8) + "{}"), "no safetensors file"));
  EXPECT_TRUE(says(refused(safetensors("{\"x\":", "")), "not valid JSON"));
  EXPECT_TRUE(says(refused(safetensors("[1]", "")), "not a JSON object"));
}

TEST_F(SafeTensorsTest, TensorDescriptionsAreChecked) {
  EXPECT_TRUE(says(refused_tensor("5", ""), "lacks a dtype"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"F32","shape":[1]})", "1234"), "lacks a dtype, shape or data_offsets"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"Q4","shape":[1],"data_offsets":[0,1]})", "1"), "unknown type Q4"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"F32","shape":"1","data_offsets":[0,4]})", "1234"), "not a list"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", "1234"), "whole numbers"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})", "1234"), "do not span"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})", "1234"), "do not span"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", "1234"), "do not span the 8 bytes"));
  EXPECT_TRUE(says(refused_tensor(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})", ""), "too large"));
}

TEST_F(SafeTensorsTest, OverlapsAndGapsAreRefused) {
  const auto two = [&](const std::string& first, const std::string& second, std::size_t bytes) {
    return refused(safetensors(
        R"({"x":{"dtype":"U8","shape":[4],"data_offsets":)" + first + R"(},"y":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}",
        std::string(bytes, 'x')));
  };
  EXPECT_EQ(two("[4,8]", "[0,4]", 8), "");
  EXPECT_TRUE(says(two("[0,4]", "[3,7]", 7), "overlaps"));
  EXPECT_TRUE(says(two("[0,4]", "[0,4]", 4), "overlaps"));
  EXPECT_TRUE(says(two("[0,4]", "[5,9]", 9), "unused bytes"));
}

class ShardsTest : public SafeTensorsTest {
 protected:
  void SetUp() override {
    write_file(folder_ / "one.safetensors", safetensors(R"({"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}})", kData.substr(0, 6)));
    write_file(folder_ / "two.safetensors", safetensors(R"({"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})", kData.substr(6)));
  }
  std::string refused_index(const std::string& text) {
    write_file(folder_ / "model.safetensors.index.json", text);
    return refusal([&] { SafeTensors{folder_.path()}; });
  }
};

TEST_F(ShardsTest, TensorsComeFromTheFilesThatTheIndexNames) {
  EXPECT_EQ(refused_index(R"({"metadata":{},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})"), "");
  const SafeTensors files(folder_.path());
  float x[3];
  files.tensor("a", {3}).read(0, 3, x);
  EXPECT_EQ(x[1], 2);
  files.tensor("b", {2}).read(0, 2, x);
  EXPECT_EQ(x[1], -1);
}

TEST_F(ShardsTest, AnIndexThatDoesNotFitItsFilesIsRefused) {
  EXPECT_TRUE(says(refusal([&] { SafeTensors{folder_.path()}; }), "neither model.safetensors nor"));
  EXPECT_TRUE(says(refused_index("{"), "not valid JSON"));
  EXPECT_TRUE(says(refused_index("{}"), "no weight_map"));
  EXPECT_TRUE(says(refused_index(R"({"weight_map":{}})"), "names no tensor"));
  EXPECT_TRUE(says(refused_index(R"({"weight_map":{"a":1}})"), "names no file"));
  EXPECT_TRUE(says(refused_index(R"({"weight_map":{"a":"../one.safetensors"}})"), "not beside it"));
  EXPECT_TRUE(says(refused_index(R"({"weight_map":{"a":"three.safetensors"}})"), "cannot read"));
  EXPECT_TRUE(says(refused_index(R"({"weight_map":{"a":"one.safetensors","b":"one.safetensors"}})"), "lacks tensor b"));
  write_file(folder_ / "again.safetensors", read_file(folder_ / "one.safetensors"));
  EXPECT_TRUE(says(refused_index(R"({"weight_map":{"a":"one.safetensors","x":"again.safetensors"}})"), "in two files"));
}

TEST_F(SafeTensorsTest, PlacesAtTheEndOfTheAddressSpaceAreRefused) {
  EXPECT_TRUE(
      says(refused_tensor(R"({"dtype":"U8","shape":[0],"data_offsets":[18446744073709551615,18446744073709551615]})", ""), "unused bytes"));
  EXPECT_TRUE(
      says(refused_tensor(R"({"dtype":"U8","shape":[1],"data_offsets":[9223372036854775807,9223372036854775808]})", ""), "unused bytes"));
}

TEST_F(SafeTensorsTest, EndlesslyNestedHeadersAreRefused) {
  const std::string nested = std::string(250000, '[') + std::string(250000, ']');
  EXPECT_TRUE(says(refused_tensor(nested, ""), "its header is nested more than 64 deep"));
  EXPECT_EQ(refused(safetensors(
                "{\"__metadata__\":{\"x\":\"" + nested + "\\\"\"},\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", "")),
            "");
}

}  // namespace
}  // namespace shardlm::io
