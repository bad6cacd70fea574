// Key files: who may read them, what they must say, and that they are never overwritten or left half-written.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "seal_help.hpp"
#include "shardlm/seal/key_files.hpp"

namespace shardlm::seal {
namespace {

using test::read_file;
using test::TemporaryFolder;
using test::write_file;

mode_t mode(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 ? s.st_mode & 07777 : 0;
}

void write_private(const std::string& path, const std::string& text) {
  write_file(path, text);
  chmod(path.c_str(), 0600);
}

TEST(SealKeyFiles, IdentitiesComeBack) {
  const TemporaryFolder folder;
  const std::string path = folder / "server0.key";
  const Identity identity = Identity::generate();
  write_identity(path, identity);
  EXPECT_EQ(mode(path), 0600u);
  EXPECT_EQ(folder.entries(), 1u);
  EXPECT_EQ(read_file(path), "shardlm identity 1\nsecret " + to_hex(identity.seed()) + "\npublic " + to_text(identity.public_key()) + "\n");
  const Identity back = read_identity(path);
  EXPECT_EQ(back.public_key(), identity.public_key());
  EXPECT_TRUE(verify(identity.public_key(), "message", back.sign("message")));
  chmod(path.c_str(), 0400);
  EXPECT_EQ(read_identity(path).public_key(), identity.public_key());
}

TEST(SealKeyFiles, DataKeysComeBack) {
  const TemporaryFolder folder;
  const std::string path = folder / "data.key";
  const DataKey key = random_key();
  write_data_key(path, key);
  EXPECT_EQ(mode(path), 0600u);
  EXPECT_EQ(read_file(path), "shardlm data key 1\nsecret " + to_hex(key) + "\nname " + name_of(key) + "\n");
  EXPECT_EQ(read_data_key(path).bytes, key.bytes);
  EXPECT_EQ(name_of(key).size(), 16u);
  EXPECT_NE(name_of(key), name_of(random_key()));
}

TEST(SealKeyFiles, ModesThatOthersCanUseAreRefused) {
  const TemporaryFolder folder;
  write_identity(folder / "i", Identity::generate());
  write_data_key(folder / "d", random_key());
  for (mode_t bits = 1; bits < 0100; ++bits) {
    chmod((folder / "i").c_str(), 0600 | bits);
    chmod((folder / "d").c_str(), 0600 | bits);
    EXPECT_TRUE(says(refusal([&] { read_identity(folder / "i"); }), "chmod 600 " + folder / "i")) << bits;
    EXPECT_TRUE(says(refusal([&] { read_data_key(folder / "d"); }), "chmod 600 " + folder / "d")) << bits;
  }
}

TEST(SealKeyFiles, ModeIsRightUnderAnyUmask) {
  const TemporaryFolder folder;
  for (const mode_t mask : {0000, 0022, 0077, 0777}) {
    const mode_t before = umask(mask);
    const std::string path = folder / std::to_string(mask);
    write_data_key(path, random_key());
    umask(before);
    EXPECT_EQ(mode(path), 0600u) << mask;
  }
}

TEST(SealKeyFiles, WrongFormatsAreRefused) {
  const TemporaryFolder folder;
  const std::string path = folder / "key", identity = folder / "identity", data = folder / "data";
  write_identity(identity, Identity::generate());
  write_data_key(data, random_key());
  const std::string text = read_file(identity);
  EXPECT_TRUE(says(refusal([&] { read_identity(data); }), "not the file of an identity"));
  EXPECT_TRUE(says(refusal([&] { read_data_key(identity); }), "not the file of a data key"));
  EXPECT_TRUE(says(refusal([&] { read_identity(folder / "none"); }), "No such file"));
  EXPECT_TRUE(says(refusal([&] { read_identity(folder.path()); }), "not a file"));
  mkfifo((folder / "pipe").c_str(), 0600);
  EXPECT_TRUE(says(refusal([&] { read_identity(folder / "pipe"); }), "not a file"));
  for (std::size_t n = 0; n < text.size(); ++n) {
    write_private(path, text.substr(0, n));
    EXPECT_TRUE(says(refusal([&] { read_identity(path); }), "not the file of an identity")) << n;
  }
  for (const std::string& other : {text + "\n", text + text, std::string(1 << 20, 'a'), std::string(text.size(), '\0')}) {
    write_private(path, other);
    EXPECT_TRUE(says(refusal([&] { read_identity(path); }), "not the file of an identity"));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] ^= 1;
    write_private(path, other);
    EXPECT_NE(refusal([&] { read_identity(path); }), "") << "character " << i;
  }
  const std::string foreign = to_text(Identity::generate().public_key());
  write_private(path, text.substr(0, text.find("ed25519:")) + foreign + "\n");
  EXPECT_TRUE(says(refusal([&] { read_identity(path); }), "does not belong to its secret"));
  const std::string sentence = refusal([&] { read_identity(path); });
  EXPECT_EQ(sentence.find(text.substr(text.find("secret ") + 7, 8)), std::string::npos) << "no sentence shows a secret";
}

TEST(SealKeyFiles, NothingIsOverwritten) {
  const TemporaryFolder folder;
  const std::string path = folder / "key";
  write_identity(path, Identity::generate());
  const std::string before = read_file(path);
  EXPECT_TRUE(says(refusal([&] { write_identity(path, Identity::generate()); }), "never overwritten"));
  EXPECT_TRUE(says(refusal([&] { write_data_key(path, random_key()); }), "never overwritten"));
  EXPECT_EQ(read_file(path), before);
  ASSERT_EQ(symlink((folder / "nowhere").c_str(), (folder / "link").c_str()), 0);
  EXPECT_TRUE(says(refusal([&] { write_data_key(folder / "link", random_key()); }), "never overwritten"));
  EXPECT_EQ(folder.entries(), 2u);
  EXPECT_TRUE(says(refusal([&] { write_data_key(folder / "none/key", random_key()); }), "No such file"));
  EXPECT_TRUE(says(refusal([&] { write_data_key("", random_key()); }), "not the name of a file"));
  EXPECT_TRUE(says(refusal([&] { write_data_key(folder / "key/", random_key()); }), "not the name of a file"));
}

// Several at once want one name: one gets it, and what it wrote stays.
TEST(SealKeyFiles, OneWriterWins) {
  const TemporaryFolder folder;
  const std::string path = folder / "key";
  std::vector<DataKey> keys(8);
  std::vector<int> won(keys.size(), 0);
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = random_key();
    writers.emplace_back([&, i] { won[i] = refusal([&] { write_data_key(path, keys[i]); }).empty(); });
  }
  for (std::thread& t : writers) t.join();
  ASSERT_EQ(std::count(won.begin(), won.end(), 1), 1);
  EXPECT_EQ(read_data_key(path).bytes, keys[std::find(won.begin(), won.end(), 1) - won.begin()].bytes);
  EXPECT_EQ(folder.entries(), 1u);
}

// A write that fails half way, here at a limit of the file's size, leaves nothing.
TEST(SealKeyFiles, NothingIsLeftHalfWritten) {
  const TemporaryFolder folder;
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{50, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string sentence = refusal([&] { write_identity(folder / "key", Identity::generate()); });
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, before);
  EXPECT_TRUE(says(sentence, "cannot write the key file " + folder / "key"));
  EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace shardlm::seal
