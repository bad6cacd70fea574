// Files of datasets: what is written comes back, and a manifest that does not hold is refused, whoever made its checksum.
#include "io_manifest.hpp"

#include "../../src/io/dataset_file.hpp"
#include "../../src/io/dataset_writer.hpp"
#include "io_files.hpp"

namespace shardlm::io {
namespace {

using namespace test;
using nlohmann::json;

constexpr FileFormat kTestFormat{"shardlm-test", 7, "test file", "make it again"};

class ManifestTest : public testing::Test {
 protected:
  void SetUp() override {
    Manifest manifest;
    manifest.name = "a test";
    manifest.attributes = {{"rank", 3}, {"rate", 0.1}, {"kind", "small"}, {"list", {1, -2}}};
    manifest.datasets = {{{"text", Element::u8, {5}}}, {{"deep/numbers", Element::i64, {2, 3}}}, {{"floats", Element::u16, {4}, "BF16"}}};
    OutputFile out(path_);
    DatasetWriter writer(out, kTestFormat, manifest, {});
    writer.write("text", "hello", 5);
    writer.write("deep/numbers", numbers_.data(), 48);
    writer.write("floats", "abcdefgh", 8);
    writer.finish();
    out.publish();
    whole_ = read_file(path_);
  }

  void open() const { DatasetFile(path_, kTestFormat).verify(); }
  std::string refused(const std::string& file) const {
    write_file(path_, file);
    return refusal([&] { open(); });
  }
  // With the digest that such a manifest should have.
  std::string refused_with(const Change& change) const {
    return refused(changed(whole_, [&](json& m) {
      change(m);
      mend_digest(m);
    }));
  }
  std::string refused_dataset(const Change& change) const {
    return refused_with([&](json& m) { change(dataset(m, "deep/numbers")); });
  }
  std::string refused_number(std::size_t at, std::uint64_t value, int bytes) const {
    std::string file = whole_;
    put_number(file, at, value, bytes);
    mend_checksum(file);
    return refused(file);
  }
  std::string refused_text(const std::string& text) const {
    std::string file = whole_;
    put_manifest(file, text);
    return refused(file);
  }

  CacheFolder no_cache_;
  TemporaryFolder folder_;
  std::string path_ = folder_ / "test.h5";
  std::vector<std::int64_t> numbers_ = {1, -2, 3, -4, 5, INT64_MIN};
  std::string whole_;
};

TEST_F(ManifestTest, WhatIsWrittenComesBack) {
  const DatasetFile file(path_, kTestFormat);
  file.verify();
  const Manifest& m = file.manifest();
  EXPECT_EQ(m.format, "shardlm-test");
  EXPECT_EQ(m.version, 7);
  EXPECT_EQ(m.name, "a test");
  EXPECT_EQ(m.attributes, json({{"rank", 3}, {"rate", 0.1}, {"kind", "small"}, {"list", {1, -2}}}));
  EXPECT_EQ(std::memcmp(file.at("deep/numbers"), numbers_.data(), 48), 0);
  EXPECT_EQ(std::memcmp(file.at("text"), "hello", 5), 0);
  EXPECT_EQ(file.find("floats")->encoding, "BF16");
  EXPECT_EQ(file.find("numbers"), nullptr);
  for (const Placed& p : m.datasets) EXPECT_EQ(p.offset % 64, 0u) << p.spec.path;
}

TEST_F(ManifestTest, TheBlockGrowsWithTheManifest) {
  Manifest manifest;
  for (int i = 0; i < 5000; ++i) manifest.datasets.push_back({{"part/" + std::to_string(i), Element::u8, {1}}});
  OutputFile out(path_);
  DatasetWriter writer(out, kTestFormat, manifest, {});
  for (const Placed& p : manifest.datasets) writer.write(p.spec.path, "x", 1);
  writer.finish();
  out.publish();
  EXPECT_GT(number_at(read_file(path_), 16, 8), std::size_t{512} << 10);
  EXPECT_EQ(refusal([&] { open(); }), "");
}

TEST_F(ManifestTest, MoreDatasetsThanAManifestCanListAreRefusedBeforeAnythingIsWritten) {
  Manifest manifest;
  for (int i = 0; i < 70000; ++i) manifest.datasets.push_back({{"part/" + std::to_string(i), Element::u8, {1}}});
  OutputFile out(folder_ / "new.h5");
  EXPECT_TRUE(says(refusal([&] { DatasetWriter(out, kTestFormat, manifest, {}); }), "cannot hold so many datasets"));
  EXPECT_EQ(out.size(), 0u);
}

TEST_F(ManifestTest, TheDigestIsOfWhatAFileHolds) {
  const auto digest_with = [&](const Change& change) {
    write_file(path_, changed(whole_, [&](json& m) {
                 change(m);
                 mend_digest(m);
               }));
    return DatasetFile(path_, kTestFormat).manifest().digest;
  };
  const std::string digest = digest_with([](json&) {});
  EXPECT_EQ(digest_with([](json& m) { m["name"] = "another"; }), digest);
  EXPECT_NE(digest_with([](json& m) { m["attributes"]["rank"] = 4; }), digest);
  EXPECT_NE(digest_with([](json& m) { dataset(m, "floats")["encoding"] = "F16"; }), digest);
  EXPECT_NE(digest_with([](json& m) { dataset(m, "text")["sha256"] = std::string(64, '0'); }), digest);
  EXPECT_NE(digest_with([](json& m) { dataset(m, "deep/numbers")["shape"] = {3, 2}; }), digest);
}

TEST_F(ManifestTest, OnlyTheListOfDatasetsThatIsExpectedWillDo) {
  const DatasetFile file(path_, kTestFormat);
  const auto refused = [&](const std::vector<DatasetSpec>& list) { return refusal([&] { file.require(list); }); };
  const DatasetSpec text{"text", Element::u8, {5}}, numbers{"deep/numbers", Element::i64, {2, 3}},
      floats{"floats", Element::u16, {4}, "BF16"};
  EXPECT_EQ(refused({text, numbers, floats}), "");
  EXPECT_TRUE(says(refused({text, numbers, floats, {"more", Element::u8, {1}}}), "it has no dataset more"));
  EXPECT_TRUE(says(refused({text, numbers}), "it has a dataset floats that its configuration does not need"));
  EXPECT_TRUE(says(refused({text, floats, numbers}), "dataset floats is not in its place"));
  EXPECT_TRUE(says(refused({{"text", Element::i8, {5}}, numbers, floats}), "dataset text has another type of numbers"));
  EXPECT_TRUE(says(refused({text, numbers, {"floats", Element::u16, {4}, "F16"}}), "dataset floats has another type of numbers"));
  EXPECT_TRUE(says(refused({text, {"deep/numbers", Element::i64, {3, 2}}, floats}), "dataset deep/numbers has not the shape"));
}

TEST_F(ManifestTest, AFileWithoutAManifestIsNoneOfOurs) {
  EXPECT_TRUE(says(refused(""), "it is no ShardLM test file"));
  EXPECT_TRUE(says(refused("\x89SLM\n\n\x1a\n and more"), "it is no ShardLM test file"));
  const std::string hdf5 = whole_.substr(number_at(whole_, 16, 8));
  EXPECT_TRUE(says(refused(hdf5), "it is a test file of an older version or some other HDF5 file; make it again"));
}

TEST_F(ManifestTest, OtherFormatsAndVersionsAreRefused) {
  EXPECT_TRUE(says(refused_with([](json& m) { m["format"] = "something-else"; }), "it is of format something-else and no test file"));
  EXPECT_TRUE(says(refused_with([](json& m) { m["format"] = "shardlm-model"; }), "it is a whole model file; make shares of it first"));
  EXPECT_TRUE(says(refused_with([](json& m) { m["format"] = "shardlm-share-dealer"; }), "a share set (shardlm-share-dealer) and no test file"));
  EXPECT_TRUE(says(refused_with([](json& m) { m["format"] = "two\nlines"; }), "it is of another format and no test file"));
  EXPECT_TRUE(
      says(refused_with([](json& m) { m["version"] = 8; }), "its format version is 8 and this program reads version 7; make it again"));
  EXPECT_TRUE(says(refused_with([](json& m) { m["version"] = -1; }), "version of its manifest is not a whole number"));
  EXPECT_TRUE(says(refused_number(8, 2, 4), "its manifest's version is 2 and this program reads version 1; make it again"));
}

TEST_F(ManifestTest, EveryTruncationIsRefused) {
  for (std::size_t n = 0; n < whole_.size(); ++n)
    EXPECT_TRUE(says(refused(whole_.substr(0, n)), n < 8 ? "no ShardLM test file" : "truncated")) << n;
  EXPECT_TRUE(says(refused(whole_ + "x"), "bytes where its manifest says"));
}

// The block's rest is padding, and what follows belongs to HDF5 or to datasets.
TEST_F(ManifestTest, EveryFlippedBitOfTheManifestIsFound) {
  const std::size_t end = kManifestHeader + manifest_text(whole_).size();
  for (std::size_t at = 0; at < end; ++at) {
    std::string file = whole_;
    file[at] ^= static_cast<char>(1 << at % 8);
    EXPECT_TRUE(says(refused(file), "cannot use " + path_)) << at;
  }
}

TEST_F(ManifestTest, SizesThatDoNotHoldAreRefused) {
  const std::uint64_t block = number_at(whole_, 16, 8);
  for (const std::uint64_t b :
       {std::uint64_t{0}, std::uint64_t{64}, std::uint64_t{256}, block + 512, block / 2, std::uint64_t{1} << 40, ~std::uint64_t{0}})
    EXPECT_TRUE(says(refused_number(16, b, 8), "sizes in front of its manifest do not hold")) << b;
  std::string file = whole_;
  for (const std::uint64_t text : {block - 63, std::uint64_t{0xffffffff}}) {
    put_number(file, 12, text, 4);
    EXPECT_TRUE(says(refused(file), "sizes in front of its manifest do not hold")) << text;
  }
  EXPECT_TRUE(says(refused_number(24, whole_.size() + 1, 8), "truncated or damaged"));
  EXPECT_TRUE(says(refused_number(24, ~std::uint64_t{0}, 8), "truncated or damaged"));
}

TEST_F(ManifestTest, AManifestLongerThanAnyIsRefusedUnread) {
  std::string file = whole_ + std::string(std::size_t{32} << 20, ' ');
  put_number(file, 12, kMaxManifest + 1, 4);
  put_number(file, 16, std::uint64_t{16} << 20, 8);
  put_number(file, 24, file.size(), 8);
  EXPECT_TRUE(says(refused(file), "sizes in front of its manifest do not hold"));
}

TEST_F(ManifestTest, TextsThatAreNoManifestAreRefused) {
  EXPECT_TRUE(says(refused_text(""), "its manifest is not valid JSON"));
  EXPECT_TRUE(says(refused_text("{\"format\":"), "its manifest is not valid JSON"));
  EXPECT_TRUE(says(refused_text("{\"format\":\"\xff\"}"), "its manifest is not valid JSON"));
  EXPECT_TRUE(says(refused_text("[]"), "its manifest is not a JSON object"));
  EXPECT_TRUE(says(refused_text(std::string(65, '[')), "its manifest is nested more than 64 deep"));
}

TEST_F(ManifestTest, MissingMembersAreNamed) {
  for (const char* key : {"format", "version", "name", "digest", "attributes", "datasets"})
    EXPECT_TRUE(says(refused(changed(whole_, [&](json& m) { m.erase(key); })), "its manifest lacks its " + std::string(key))) << key;
  for (const char* key : {"path", "element", "shape", "offset", "sha256"})
    EXPECT_TRUE(says(refused_dataset([&](json& d) { d.erase(key); }), "lacks its " + std::string(key))) << key;
}

TEST_F(ManifestTest, MembersOfAnotherKindAreRefused) {
  for (const char* key : {"format", "name", "digest"})
    EXPECT_TRUE(says(refused(changed(whole_, [&](json& m) { m[key] = 5; })), "the " + std::string(key) + " of its manifest is not a text"));
  EXPECT_TRUE(says(refused_with([](json& m) { m["version"] = "7"; }), "is not a whole number"));
  EXPECT_TRUE(says(refused_with([](json& m) { m["attributes"] = 5; }), "the attributes in its manifest are not a JSON object"));
  EXPECT_TRUE(says(refused(changed(whole_, [](json& m) { m["datasets"] = 5; })), "the datasets in its manifest are not a list"));
  EXPECT_TRUE(says(refused(changed(whole_, [](json& m) { m["datasets"] = {5}; })), "dataset 0 of its manifest is not a JSON object"));
}

TEST_F(ManifestTest, DescriptionsOfDatasetsAreChecked) {
  for (const char* path : {"", "two\nlines", "\x1b[31mred", "a b"})
    EXPECT_TRUE(says(refused_dataset([&](json& d) { d["path"] = path; }), "dataset 1 of its manifest has a path that is none")) << path;
  EXPECT_TRUE(says(refused_dataset([](json& d) { d["path"] = std::string(300, 'a'); }), "a path that is none"));
  EXPECT_TRUE(says(refused_dataset([](json& d) { d["path"] = "text"; }), "dataset text is listed twice"));
  EXPECT_TRUE(says(refused_dataset([](json& d) { d["element"] = "complex"; }), "dataset deep/numbers has an unknown type of numbers"));
  for (const json& shape : {json(6), json::array(), json{0, 3}, json{-2, -3}, json{2.0, 3}, json{1, 1, 1, 1, 1, 1, 1, 2, 3}})
    EXPECT_TRUE(says(refused_dataset([&](json& d) { d["shape"] = shape; }), "not a list of 1 to 8 whole numbers")) << shape;
  EXPECT_TRUE(says(refused_dataset([](json& d) { d["encoding"] = 5; }), "the encoding of dataset deep/numbers is not a text"));
  for (const char* encoding : {"", "two\nlines"})
    EXPECT_TRUE(says(refused_dataset([&](json& d) { d["encoding"] = encoding; }), "the encoding of dataset deep/numbers is none"));
  EXPECT_TRUE(says(refused_dataset([](json& d) { d["encoding"] = "aes-256-gcm"; }), "dataset deep/numbers has no checksum, which only a sealed file's image may lack"));
  for (const std::string& sum : {std::string(), std::string(63, 'a'), std::string(64, 'A'), std::string(64, 'g')})
    EXPECT_TRUE(says(refused_dataset([&](json& d) { d["sha256"] = sum; }), "is no checksum")) << sum;
}

TEST_F(ManifestTest, PlacesOutsideTheDataAreRefused) {
  const std::uint64_t size = whole_.size(), block = number_at(whole_, 16, 8);
  const auto at = [&](std::uint64_t offset) { return refused_dataset([&](json& d) { d["offset"] = offset; }); };
  for (const std::uint64_t offset : {size / 64 * 64, size, ~std::uint64_t{0} - 63, ~std::uint64_t{0}})
    EXPECT_TRUE(says(at(offset), "dataset deep/numbers ends beyond the end of the file")) << offset;
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{64}, block - 64})
    EXPECT_TRUE(says(at(offset), "dataset deep/numbers begins within the manifest's block")) << offset;
  EXPECT_TRUE(says(at(block + 8), "dataset deep/numbers is not aligned to 64 bytes; make it again"));
  EXPECT_TRUE(says(refused_dataset([](json& d) { d["offset"] = -64; }), "the offset of dataset deep/numbers is not a whole number"));
  EXPECT_TRUE(says(refused_dataset([](json& d) { d["shape"] = {1ull << 32, 1ull << 32}; }), "ends beyond the end of the file"));
  EXPECT_TRUE(says(refused_dataset([&](json& d) { d["shape"] = {size}; }), "ends beyond the end of the file"));
}

TEST_F(ManifestTest, DatasetsThatOverlapAreRefused) {
  EXPECT_TRUE(says(refused_with([](json& m) { dataset(m, "floats")["offset"] = dataset(m, "deep/numbers")["offset"]; }), "overlaps"));
  EXPECT_TRUE(says(refused_with([](json& m) {
                     dataset(m, "text")["offset"] = dataset(m, "deep/numbers")["offset"].get<std::uint64_t>() - 64;
                     dataset(m, "text")["shape"] = {65};
                   }),
                   "dataset deep/numbers overlaps dataset text"));
}

TEST_F(ManifestTest, ADigestOrChecksumThatDoesNotMatchIsRefused) {
  EXPECT_TRUE(says(refused(changed(whole_, [](json& m) { m["attributes"]["rank"] = 4; })), "its digest does not match"));
  EXPECT_TRUE(
      says(refused_dataset([](json& d) { d["sha256"] = std::string(64, '0'); }), "dataset deep/numbers does not match its checksum"));
  std::string file = whole_;
  file[DatasetFile(path_, kTestFormat).manifest().datasets[0].offset] ^= 1;
  EXPECT_TRUE(says(refused(file), "dataset text does not match its checksum"));
}

TEST_F(ManifestTest, AWriterTakesExactlyWhatItWasPromised) {
  Manifest manifest;
  manifest.datasets = {{{"one", Element::u8, {4}}}, {{"two", Element::u8, {4}}}};
  OutputFile out(folder_ / "new.h5");
  DatasetWriter writer(out, kTestFormat, manifest, {});
  EXPECT_TRUE(says(refusal([&] { writer.begin("two"); }), "dataset two of a test file is written out of order"));
  writer.begin("one");
  EXPECT_TRUE(says(refusal([&] { writer.append("12345", 5); }), "dataset one of a test file gets more than its 4 bytes"));
  EXPECT_TRUE(says(refusal([&] { writer.end(); }), "dataset one of a test file got 0 of its 4 bytes"));
  writer.append("1234", 4);
  writer.end();
  EXPECT_TRUE(says(refusal([&] { writer.finish(); }), "dataset two of a test file was not written"));
}

}  // namespace
}  // namespace shardlm::io
