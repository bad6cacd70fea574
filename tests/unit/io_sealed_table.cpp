// Sealed tables and texts, as files: what a client without the model gets, what the key's holder keeps, and that nothing half stays.
#include "shardlm/io/sealed_table.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "io_files.hpp"
#include "shardlm/io/received_file.hpp"

namespace shardlm::io {
namespace {

using test::read_file;
using test::refusal;
using test::says;
using test::TemporaryFolder;

const TableNumber kNumber{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
SecretKey key() {
  SecretKey key;
  key.fill(0x5a);
  return key;
}

// A seal that tests can say in a line: every byte xor its row's number, and the number again as the tag.
void seal(std::size_t first, std::size_t count, const std::uint8_t* rows, std::size_t bytes, std::uint8_t* sealed) {
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t i = 0; i < bytes + kSealBytes; ++i)
      sealed[r * (bytes + kSealBytes) + i] = std::uint8_t((i < bytes ? rows[r * bytes + i] : 0) ^ (first + r));
}

class SealedTable : public testing::Test {
 protected:
  SealedTable() {
    convert(test::kSmallModel, folder / "model.h5", {});
    write_sealed_table(folder / "model.h5", folder / "ot", kNumber, key(), seal, {});
  }
  const TemporaryFolder folder;
};

TEST_F(SealedTable, AClientHasTheTextsTheConfigurationAndEverySealedRow) {
  const ModelFile model(folder / "model.h5"), table(folder / "ot/table.h5", ModelPart::sealed);
  EXPECT_EQ(table.tokenizer_json(), model.tokenizer_json());
  EXPECT_EQ(table.chat_template(), model.chat_template());
  EXPECT_EQ(table.config().vocabulary, model.config().vocabulary);
  EXPECT_EQ(table.config().end_tokens, model.config().end_tokens);
  EXPECT_EQ(table.table_number(), kNumber);
  std::vector<std::uint8_t> row(table.row_bytes());
  std::vector<float> got(model.config().hidden), want(got.size());
  for (std::size_t i = 0; i < model.config().vocabulary; ++i) {
    const std::uint8_t* sealed = table.sealed_row(i);
    for (std::size_t b = 0; b < row.size(); ++b) row[b] = std::uint8_t(sealed[b] ^ i);
    for (std::size_t b = row.size(); b < row.size() + kSealBytes; ++b) ASSERT_EQ(sealed[b], std::uint8_t(i));
    table.decode_row(row.data(), got.data());
    model.embedding(i, want.data());
    ASSERT_EQ(got, want) << i;
  }
  EXPECT_THROW(table.sealed_row(model.config().vocabulary), Error);
}

TEST_F(SealedTable, AClientHasNoRowInTheClearNoWeightAndNothingOfTheKey) {
  const ModelFile model(folder / "model.h5"), table(folder / "ot/table.h5", ModelPart::sealed);
  EXPECT_THROW(table.embedding_rows(), Error);
  EXPECT_THROW(table.rows("head"), Error);
  EXPECT_EQ(table.model_digest(), "");
  const SecretKey k = key();
  const std::string bytes = read_file(folder / "ot/table.h5"), secret(k.begin(), k.end());
  EXPECT_EQ(bytes.find(secret), std::string::npos);
  EXPECT_EQ(bytes.find(model.digest()), std::string::npos);
  EXPECT_NE(read_file(folder / "ot/key.h5").find(secret), std::string::npos);
}

TEST_F(SealedTable, TheKeySaysOfWhichTableAndOfWhichModelItIs) {
  const KeyFile file(folder / "ot/key.h5");
  EXPECT_EQ(file.key(), key());
  EXPECT_EQ(file.table(), ModelFile(folder / "ot/table.h5", ModelPart::sealed).digest());
  EXPECT_EQ(file.model(), ModelFile(folder / "model.h5").digest());
}

TEST_F(SealedTable, AKeyThatOthersMayReadIsRefused) {
  struct stat s {};
  ASSERT_EQ(stat((folder / "ot/key.h5").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
  chmod((folder / "ot/key.h5").c_str(), 0640);
  EXPECT_TRUE(says(refusal([&] { KeyFile{folder / "ot/key.h5"}; }), "chmod 600"));
}

TEST_F(SealedTable, NoFilePassesForAnother) {
  EXPECT_TRUE(says(refusal([&] { ModelFile(folder / "ot/key.h5", ModelPart::sealed); }), "which no client may have"));
  EXPECT_TRUE(says(refusal([&] { KeyFile{folder / "ot/table.h5"}; }), "no key of a sealed table"));
  EXPECT_TRUE(says(refusal([&] { ModelFile{folder / "ot/table.h5"}; }), "no model file"));
  EXPECT_TRUE(says(refusal([&] { ModelFile(folder / "ot/table.h5", ModelPart::texts); }), "no file of texts"));
}

TEST_F(SealedTable, ADamagedOrTruncatedTableIsRefused) {
  std::string bytes = read_file(folder / "ot/table.h5");
  test::write_file(folder / "short.h5", bytes.substr(0, bytes.size() - 100));
  EXPECT_TRUE(says(refusal([&] { ModelFile(folder / "short.h5", ModelPart::sealed); }), "truncated"));
  bytes[bytes.size() / 2] ^= 1;
  test::write_file(folder / "damaged.h5", bytes);
  EXPECT_TRUE(says(refusal([&] { ModelFile(folder / "damaged.h5", ModelPart::sealed); }), "damaged"));
}

TEST_F(SealedTable, ItReplacesAFormerOneAndNothingElse) {
  const std::string before = KeyFile(folder / "ot/key.h5").table();
  EXPECT_TRUE(says(refusal([&] { write_sealed_table(folder / "model.h5", folder / "ot", kNumber, key(), seal, {}); }), "it is there already"));
  const std::size_t entries = folder.entries();
  TableNumber other = kNumber;
  other[0] = 99;
  write_sealed_table(folder / "model.h5", folder / "ot", other, key(), seal, {}, true);
  EXPECT_EQ(folder.entries(), entries);
  EXPECT_NE(KeyFile(folder / "ot/key.h5").table(), before);
  EXPECT_EQ(ModelFile(folder / "ot/table.h5", ModelPart::sealed).table_number(), other);

  test::write_file(folder / "ot/notes.txt", "mine");
  EXPECT_TRUE(says(refusal([&] { write_sealed_table(folder / "model.h5", folder / "ot", kNumber, key(), seal, {}, true); }), "something else"));
  EXPECT_EQ(read_file(folder / "ot/notes.txt"), "mine");
  EXPECT_THROW(write_sealed_table(folder / "model.h5", folder / "none", kNumber, key(), seal, {}, true), Error);
}

TEST_F(SealedTable, NothingStaysOfOneThatFailsAndTheFormerOneStays) {
  const std::string before = read_file(folder / "ot/key.h5");
  const std::size_t entries = folder.entries();
  const auto fails = [](std::size_t, std::size_t, const std::uint8_t*, std::size_t, std::uint8_t*) { throw Error("no more"); };
  EXPECT_THROW(write_sealed_table(folder / "model.h5", folder / "new", kNumber, key(), fails, {}), Error);
  EXPECT_THROW(write_sealed_table(folder / "model.h5", folder / "ot", kNumber, key(), fails, {}, true), Error);
  EXPECT_THROW(write_sealed_table(folder / "model.h5", folder / "new", kNumber, key(), seal, {}, false, [](const std::string&) { return 1000; }), Error);
  EXPECT_EQ(folder.entries(), entries);
  EXPECT_EQ(read_file(folder / "ot/key.h5"), before);
}

TEST_F(SealedTable, TextsAreAllThatAClientNeedsWithoutATable) {
  write_texts(folder / "model.h5", folder / "texts.h5");
  const ModelFile model(folder / "model.h5"), texts(folder / "texts.h5", ModelPart::texts);
  EXPECT_EQ(texts.tokenizer_json(), model.tokenizer_json());
  EXPECT_EQ(texts.chat_template(), model.chat_template());
  EXPECT_EQ(texts.config().layers, model.config().layers);
  EXPECT_THROW(texts.embedding_rows(), Error);
  EXPECT_THROW(texts.rows("head"), Error);
}

const std::string kDigest(64, 'a');

class Received : public testing::Test {
 protected:
  const TemporaryFolder folder;
  const test::CacheFolder cache{folder.path()};
  const std::string part = folder / ("shardlm/tables/" + kDigest + ".part"), whole = folder / ("shardlm/tables/" + kDigest + ".h5");
  static std::string accept(const std::string&) { return ""; }
};

TEST_F(Received, AFileGetsItsNameWhenItIsWhole) {
  ReceivedFile file(kDigest, 10);
  EXPECT_EQ(file.has(), 0u);
  file.append("01234", 5);
  EXPECT_TRUE(says(refusal([&] { file.publish(accept); }), "only 5 of its 10 bytes"));
  file.append("56789", 5);
  EXPECT_FALSE(std::filesystem::exists(whole));
  file.publish(accept);
  EXPECT_EQ(file.path(), whole);
  EXPECT_EQ(read_file(whole), "0123456789");
  EXPECT_FALSE(std::filesystem::exists(part));
  EXPECT_EQ(ReceivedFile(kDigest, 10).has(), 10u);  // the next time
}

TEST_F(Received, AnEarlierTryGoesOn) {
  { ReceivedFile(kDigest, 10).append("0123", 4); }
  ReceivedFile file(kDigest, 10);
  EXPECT_EQ(file.has(), 4u);
  file.append("456789", 6);
  file.publish(accept);
  EXPECT_EQ(read_file(whole), "0123456789");
}

TEST_F(Received, WhatIsNotTheFileIsRemoved) {
  ReceivedFile file(kDigest, 3);
  file.append("abc", 3);
  EXPECT_TRUE(says(refusal([&] { file.publish([](const std::string&) { return "it is damaged"; }); }), "was removed: it is damaged"));
  EXPECT_FALSE(std::filesystem::exists(part));
  EXPECT_FALSE(std::filesystem::exists(whole));
}

TEST_F(Received, WhatCouldNotBeLookedAtStays) {
  ReceivedFile file(kDigest, 3);
  file.append("abc", 3);
  EXPECT_THROW(file.publish([](const std::string&) -> std::string { throw std::bad_alloc(); }), std::bad_alloc);
  EXPECT_EQ(refusal([&] { file.publish([](const std::string&) -> std::string { throw Error("server 1: the disk is full"); }); }), "server 1: the disk is full");
  EXPECT_EQ(read_file(part), "abc");
  file.publish(accept);
  EXPECT_EQ(read_file(whole), "abc");
}

TEST_F(Received, APartThatIsLongerThanTheFileIsBegunAgain) {
  { ReceivedFile(kDigest, 20).append("0123456789a", 11); }
  EXPECT_EQ(ReceivedFile(kDigest, 10).has(), 0u);
}

// The second one opened the part before the first one gave it its name.
TEST_F(Received, OneThatFindsItWholeAfterAllHasNothingToDo) {
  std::filesystem::create_directories(folder / "shardlm/tables");
  {
    ReceivedFile first(kDigest, 3);
    first.append("abc", 3);
    first.publish(accept);
  }
  test::write_file(part, "");  // what it would have made
  ReceivedFile second(kDigest, 3);
  EXPECT_EQ(second.has(), 3u);
  EXPECT_EQ(read_file(second.path()), "abc");
}

TEST_F(Received, NoDescriptorIsLostWhereItIsRefused) {
  const auto open_ones = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_ones();
  for (int i = 0; i < 5; ++i) EXPECT_THROW(ReceivedFile(kDigest, std::uint64_t{1} << 60), Error);
  EXPECT_EQ(open_ones(), before);
}

TEST_F(Received, WhyAFileIsNotTheOneOffered) {
  convert(test::kSmallModel, folder / "model.h5", {});
  const std::string digest = ModelFile(folder / "model.h5").digest();
  EXPECT_EQ(why_not(folder / "model.h5", ModelPart::whole, digest), "");
  EXPECT_TRUE(says(why_not(folder / "model.h5", ModelPart::whole, kDigest), "another digest"));
  EXPECT_TRUE(says(why_not(folder / "model.h5", ModelPart::sealed, digest), "cannot use"));
  EXPECT_TRUE(says(refusal([&] { why_not(folder / "none.h5", ModelPart::whole, digest); }), "cannot read"));
}

TEST_F(Received, MoreThanTheFileIsRefused) {
  ReceivedFile file(kDigest, 3);
  EXPECT_TRUE(says(refusal([&] { file.append("abcd", 4); }), "more came than its 3 bytes"));
}

TEST_F(Received, ADigestThatIsAPathIsRefused) {
  for (const std::string& digest : {std::string("../../x"), std::string(), std::string(63, 'a') + "/", std::string(64, 'A')})
    EXPECT_TRUE(says(refusal([&] { ReceivedFile(digest, 3); }), "digest is none")) << digest;
}

TEST_F(Received, TwoAtATimeAreOneTooMany) {
  const ReceivedFile one(kDigest, 3);
  EXPECT_TRUE(says(refusal([] { ReceivedFile(kDigest, 3); }), "another shardlm is receiving it"));
}

TEST_F(Received, ADiskThatIsTooSmallIsNoticedBeforehand) {
  EXPECT_TRUE(says(refusal([] { ReceivedFile(kDigest, std::uint64_t{1} << 60); }), "its disk has room for"));
}

TEST_F(Received, WithoutACacheFolderThereIsOneSentence) {
  const test::CacheFolder none;
  EXPECT_TRUE(says(refusal([] { ReceivedFile(kDigest, 3); }), "cannot make the folder"));
}

}  // namespace
}  // namespace shardlm::io
