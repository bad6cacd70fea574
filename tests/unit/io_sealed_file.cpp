// Sealed files: the original comes back, on disk and in memory that others can map; the file says nothing; nothing half stays.
#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>
#include <cryptopp/hkdf.h>
#include <cryptopp/scrypt.h>
#include <cryptopp/sha.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "io_sealed.hpp"
#include "shardlm/core/panels.hpp"

namespace shardlm::io {
namespace {

using nlohmann::json;
using test::read_file;
using test::refusal;
using test::says;
using test::write_file;

mode_t mode(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 ? s.st_mode & 07777 : 0;
}

// Every kind of file that there is.
class AllFiles : public SealedFiles {
 protected:
  AllFiles() {
    write_share_set(model, folder / "shares", {1, 2, 3, 4}, {5, 6, 7, 8}, [](const SharePart& part, std::uint64_t* words) {
      for (std::size_t i = 0; i < 8 * part.columns; ++i) words[i] = i * 0x9E3779B97F4A7C15 + part.panel;
    }, {});
    const RowSealer sevens = [](std::size_t, std::size_t count, const std::uint8_t*, std::size_t bytes, std::uint8_t* out) {
      std::memset(out, 7, count * (bytes + kSealBytes));
    };
    write_sealed_table(model, folder / "ot", {9}, {8}, sevens, {});
    write_texts(model, folder / "texts.h5");
  }
  const std::vector<std::string> names = {"model.h5",          "shares/client.h5", "shares/server0.h5", "shares/server1.h5",
                                          "shares/dealer.h5", "ot/table.h5",      "ot/key.h5",         "texts.h5"};
};

TEST_F(AllFiles, ComeBackToTheByteOnDiskAndInMemory) {
  for (const std::string& name : names)
    for (const unsigned threads : {1u, 2u, 3u, 0u}) {
      const std::string original = read_file(folder / name);
      seal_file(folder / name, folder / "sealed.h5", key(), {}, {}, threads);
      unseal_file(folder / "sealed.h5", folder / "open.h5", key(), {}, {}, threads);
      EXPECT_TRUE(read_file(folder / "open.h5") == original) << name;
      const SealedImage image(folder / "sealed.h5", key(), {}, {}, threads);
      EXPECT_TRUE(read_file(image.path()) == original) << name;
      EXPECT_EQ(image.size(), original.size());
      EXPECT_TRUE(is_sealed(folder / "sealed.h5"));
      EXPECT_FALSE(is_sealed(folder / name));
      EXPECT_EQ(mode(folder / "sealed.h5"), 0600u);
      EXPECT_EQ(mode(folder / "open.h5"), 0600u);
      EXPECT_TRUE(read_file(folder / name) == original);
    }
}

TEST_F(AllFiles, AreUsedFromMemoryAsFromADisk) {
  const auto image = [&](const char* name) {
    seal_file(folder / name, folder / "sealed.h5", key());
    return SealedImage(folder / "sealed.h5", key());
  };
  {
    const SealedImage i = image("shares/server1.h5");
    const ServerShare memory(i.path(), 1), disk(folder / "shares/server1.h5", 1);
    EXPECT_EQ(memory.digest(), disk.digest());
    EXPECT_EQ(std::memcmp(memory.words("head"), disk.words("head"), 8 * 64 * 9000), 0);
  }
  EXPECT_EQ(ServerShare(image("shares/server0.h5").path(), 0).seed(), (ShareNumber{5, 6, 7, 8}));
  EXPECT_EQ(ModelFile(image("shares/client.h5").path(), ModelPart::client).tokenizer_json(), ModelFile(model).tokenizer_json());
  EXPECT_EQ(ModelFile(image("shares/dealer.h5").path(), ModelPart::dealer).model_digest(), ModelFile(model).digest());
  EXPECT_EQ(ModelFile(image("ot/table.h5").path(), ModelPart::sealed).table_number(), TableNumber{9});
  EXPECT_EQ(ModelFile(image("texts.h5").path(), ModelPart::texts).config().vocabulary, 9000u);
  EXPECT_EQ(KeyFile(image("ot/key.h5").path()).key(), SecretKey{8});  // whose mode is right
}

TEST_F(AllFiles, GivenSealedSayWhatToDo) {
  const auto refused = [&](const char* name, const auto& open) {
    seal_file(folder / name, folder / "sealed.h5", key());
    EXPECT_TRUE(says(refusal([&] { open(folder / "sealed.h5"); }), "it is sealed; ")) << name;
    EXPECT_TRUE(says(refusal([&] { open(folder / "sealed.h5"); }), "shardlm unseal")) << name;
  };
  refused("model.h5", [](const std::string& path) { ModelFile{path}; });
  refused("shares/client.h5", [](const std::string& path) { ModelFile(path, ModelPart::client); });
  refused("shares/dealer.h5", [](const std::string& path) { ModelFile(path, ModelPart::dealer); });
  refused("shares/server0.h5", [](const std::string& path) { ServerShare(path, 0); });
  refused("shares/server1.h5", [](const std::string& path) { ServerShare(path, 1); });
  refused("ot/table.h5", [](const std::string& path) { ModelFile(path, ModelPart::sealed); });
  refused("ot/key.h5", [](const std::string& path) { KeyFile{path}; });
  refused("texts.h5", [](const std::string& path) { ModelFile(path, ModelPart::texts); });
}

// A digest of everything that a model file gives.
std::string content(const ModelFile& m) {
  Checksum sum;
  for (const char* name : {"layers/0/qkv", "layers/0/o", "layers/0/gate_up", "layers/0/down", "head"}) {
    const MappedRows rows = m.rows(name);
    sum.add(rows.weights, rows.planes * plane_words(rows.rows, rows.columns) * sizeof *rows.weights);
    sum.add(rows.exponents, rows.rows);
  }
  sum.add(m.embedding_rows().data, 2 * m.config().vocabulary * m.config().hidden);
  sum.add(m.tokenizer_json().data(), m.tokenizer_json().size());
  return sum.hex() + m.digest();
}

TEST_F(SealedFiles, AModelIsTheSameInAnotherProcess) {
  sealed();
  const SealedImage image(folder / "sealed.h5", key());
  const std::string expected = content(ModelFile(model));
  EXPECT_EQ(content(ModelFile(image.path())), expected);
  const pid_t child = fork();
  if (child == 0) {
    try {
      _exit(content(ModelFile(image.path())) == expected ? 0 : 1);
    } catch (const std::exception&) {
      _exit(2);
    }
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(SealedFiles, MemoryLastsAsLongAsItIsUsed) {
  sealed();
  std::optional<SealedImage> image(SealedImage(folder / "sealed.h5", key()));
  const std::string path = image->path();
  const ModelFile file(path);
  image.reset();
  EXPECT_EQ(content(file), content(ModelFile(model)));
  EXPECT_TRUE(says(refusal([&] { ModelFile{path}; }), "cannot read " + path));
}

TEST_F(SealedFiles, MemoryCannotBeChangedByAnybody) {
  sealed();
  const SealedImage image(folder / "sealed.h5", key());
  EXPECT_EQ(mode(image.path()), 0600u);
  const int fd = open(image.path().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_TRUE(pwrite(fd, "x", 1, 100) < 0 && errno == EPERM);
  EXPECT_TRUE(ftruncate(fd, 100) < 0 && errno == EPERM);
  EXPECT_TRUE(ftruncate(fd, off_t(image.size()) + 1) < 0 && errno == EPERM);
  EXPECT_TRUE(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
  EXPECT_TRUE(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EPERM);
  close(fd);
}

TEST_F(SealedFiles, NothingOfASealedModelIsRememberedOnDisk) {
  sealed();
  const test::CacheFolder cache(folder / "cache");
  const SealedImage image(folder / "sealed.h5", key());
  ModelFile{image.path()};
  EXPECT_FALSE(std::filesystem::exists(folder / "cache/shardlm/verified"));
  ModelFile{model};
  EXPECT_TRUE(std::filesystem::exists(folder / "cache/shardlm/verified"));
}

TEST_F(SealedFiles, MemoryThatIsNotThereIsMissedBeforehand) {
  sealed();
  const std::string why = refusal([&] { SealedImage(folder / "sealed.h5", key(), {}, [] { return std::uint64_t{1} << 20; }); });
  EXPECT_TRUE(says(why, folder / "sealed.h5: it takes 2."));
  EXPECT_TRUE(says(why, " MiB of memory, and this machine has 1.00 MiB to give"));
}

TEST_F(SealedFiles, ProgressEndsAtTheWholeAndCanStopAnything) {
  std::uint64_t last = 0, end = 0;
  const auto grows = [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GT(done, last);
    last = done, end = all;
  };
  const auto runs = [&](const auto& run) {
    last = 0;
    run(grows);
    EXPECT_EQ(last, end);
    const std::size_t entries = folder.entries();
    EXPECT_EQ(refusal([&] { run([](std::uint64_t, std::uint64_t) { throw Error("enough"); }); }), "enough");
    EXPECT_EQ(folder.entries(), entries);
  };
  runs([&](const Progress& p) { seal_file(model, folder / "sealed.h5", key(), p); });
  runs([&](const Progress& p) { unseal_file(folder / "sealed.h5", folder / "open.h5", key(), p); });
  runs([&](const Progress& p) { SealedImage(folder / "sealed.h5", key(), p); });
}

TEST_F(SealedFiles, ADiskWithoutRoomLeavesNothing) {
  const auto full = [](const std::string&) { return std::uint64_t{1000}; };
  EXPECT_TRUE(says(refusal([&] { seal_file(model, folder / "sealed.h5", key(), {}, full); }), "its disk has room for 0.00 MiB"));
  EXPECT_EQ(folder.entries(), 1u);
  sealed();
  EXPECT_TRUE(says(refusal([&] { unseal_file(folder / "sealed.h5", folder / "open.h5", key(), {}, full); }), "its disk has room for 0.00 MiB"));
  EXPECT_THROW(unseal_file(folder / "sealed.h5", folder / "none/open.h5", key()), Error);
  EXPECT_EQ(folder.entries(), 2u);
}

TEST_F(SealedFiles, OnlyWholeFilesOfTheProjectAreSealed) {
  const auto refused = [&](const std::string& path) {
    const std::size_t entries = folder.entries();
    const std::string why = refusal([&] { seal_file(path, folder / "new.h5", key()); });
    EXPECT_EQ(folder.entries(), entries);
    EXPECT_TRUE(says(why, path));
    return why;
  };
  const std::string whole = read_file(model);
  sealed();
  EXPECT_TRUE(says(refused(folder / "sealed.h5"), "it is sealed already"));
  write_file(folder / "notes.txt", "a text");
  EXPECT_TRUE(says(refused(folder / "notes.txt"), "it is no ShardLM file"));
  write_file(folder / "empty", "");
  EXPECT_TRUE(says(refused(folder / "empty"), "it is no ShardLM file"));
  write_file(folder / "old.h5", whole.substr(test::number_at(whole, 16, 8)));
  EXPECT_TRUE(says(refused(folder / "old.h5"), "older version or some other HDF5 file"));
  write_file(folder / "short.h5", whole.substr(0, whole.size() - 1));
  EXPECT_TRUE(says(refused(folder / "short.h5"), "truncated"));
  write_file(folder / "other.h5", test::changed(whole, [](json& m) { m["format"] = "shardlm-dream", test::mend_digest(m); }));
  EXPECT_TRUE(says(refused(folder / "other.h5"), "of format shardlm-dream, which this version does not know"));
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 1;
  write_file(folder / "damaged.h5", damaged);
  EXPECT_TRUE(says(refused(folder / "damaged.h5"), "does not match its checksum"));
  EXPECT_TRUE(says(refused(folder / "none.h5"), "No such file"));
  EXPECT_TRUE(says(refused(folder.path()), "it is not a file"));
  for (const char* name : {"notes.txt", "empty", "old.h5", "short.h5", "other.h5", "none.h5"}) EXPECT_FALSE(is_sealed(folder / name)) << name;
}

TEST_F(SealedFiles, WhatIsNotSealedIsNotOpened) {
  EXPECT_TRUE(says(refusal([&] { SealedImage(model, key()); }), "it is not sealed, so it can be used as it is"));
  EXPECT_TRUE(says(refusal([&] { unseal_file(model, folder / "open.h5", key()); }), "it is not sealed"));
  write_file(folder / "notes.txt", "a text");
  EXPECT_TRUE(says(refusal([&] { SealedImage(folder / "notes.txt", key()); }), "it is no ShardLM sealed file"));
}

using Windows = std::set<std::string>;

// All stretches of 16 bytes, but for those that are nearly one byte again and again, as padding is.
Windows windows(const std::string& bytes, std::size_t step) {
  Windows all;
  for (std::size_t i = 0; i + 16 <= bytes.size(); i += step) {
    const std::string window = bytes.substr(i, 16);
    if (std::set<char>(window.begin(), window.end()).size() > 5) all.insert(window);
  }
  return all;
}

bool has_any(const std::string& bytes, const Windows& wanted) {
  for (std::size_t i = 0; i + 16 <= bytes.size(); ++i)
    if (wanted.count(bytes.substr(i, 16)) > 0) return true;
  return false;
}

TEST_F(SealedFiles, NothingOfTheOriginalIsInTheClear) {
  const std::string file = sealed();
  const ModelFile m(model);
  const MappedRows head = m.rows("head");
  const EmbeddingRows embedding = m.embedding_rows();
  const auto text = [](const void* bytes, std::size_t n) { return std::string(static_cast<const char*>(bytes), n); };
  for (const std::string& part : {m.tokenizer_json(), text(head.weights, 2 * 64 * 9000), text(embedding.data, 2 * 64 * 9000)}) {
    const Windows some = windows(part, 16);  // of every stretch of 31 bytes one
    EXPECT_GT(some.size(), part.size() / 20);
    EXPECT_TRUE(has_any(read_file(model), some));
    EXPECT_FALSE(has_any(file, some));
  }
  for (const std::string& word : {m.digest(), m.name(), std::string("shardlm-model"), std::string("vocabulary"), std::string("embedding")})
    EXPECT_EQ(file.find(word), std::string::npos) << word;
  EXPECT_EQ(Anatomy(file).manifest["name"], "sealed");
}

TEST_F(SealedFiles, ThoseOfOneOriginalHaveNothingInCommon) {
  const std::string one = sealed(), two = sealed();
  const Anatomy a(one), b(two);
  EXPECT_FALSE(has_any(two.substr(b.image, b.bytes), windows(one.substr(a.image, a.bytes), 16)));
  for (const char* name : {"file", "wrapped_key", "wrap_nonce", "wrap_tag"})
    EXPECT_NE(a.manifest["attributes"][name], b.manifest["attributes"][name]) << name;
  const std::string three = sealed(passphrase()), four = sealed(passphrase());
  EXPECT_NE(Anatomy(three).manifest["attributes"]["scrypt_salt"], Anatomy(four).manifest["attributes"]["scrypt_salt"]);
}

// The description in the header, followed with another library.
class ByTheDescription {
 public:
  explicit ByTheDescription(const std::string& file) : file_(file), a_(file), id_(bytes("file")) {}

  std::string bytes(const char* attribute) const {
    const std::string hex = a_.manifest["attributes"][attribute];
    std::string out(hex.size() / 2, '\0');
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
    return out;
  }
  std::uint64_t number(const char* attribute) const { return a_.manifest["attributes"][attribute]; }

  std::string opened(const std::string& secret, const std::string& key_name, const std::string& salt, const std::string& cost) const {
    CryptoPP::byte wrapping[32];
    const std::string info = "shardlm sealed file: key that wraps";
    CryptoPP::HKDF<CryptoPP::SHA256>().DeriveKey(wrapping, 32, at(secret), secret.size(), at(id_), id_.size(), at(info), info.size());
    const std::string head = "shardlm sealed file: key" + zero_ + eight(2) + id_;
    const std::string content = decrypted(wrapping, bytes("wrap_nonce"), head + eight(a_.bytes) + eight(kChunk) + key_name + zero_ + salt + cost,
                                          bytes("wrapped_key"), bytes("wrap_tag"));
    std::string original;
    for (std::size_t i = 0; i < a_.chunks; ++i)
      original += decrypted(at(content), eight(i) + std::string(4, '\0'),
                            "shardlm sealed file" + zero_ + eight(2) + id_ + "image" + zero_ + eight(i) + eight(a_.chunks) + eight(a_.bytes),
                            a_.chunk(file_, i), a_.tag(file_, i));
    return original;
  }
  static std::string eight(std::uint64_t x) { return test::little_endian(x, 8); }
  static const CryptoPP::byte* at(const std::string& s) { return reinterpret_cast<const CryptoPP::byte*>(s.data()); }

 private:
  static std::string decrypted(const CryptoPP::byte* key, const std::string& nonce, const std::string& associated, const std::string& text,
                               const std::string& tag) {
    CryptoPP::GCM<CryptoPP::AES>::Decryption cipher;
    cipher.SetKeyWithIV(key, 32, at(nonce), nonce.size());
    std::string out(text.size(), '\0');
    if (!cipher.DecryptAndVerify(reinterpret_cast<CryptoPP::byte*>(&out[0]), at(tag), tag.size(), at(nonce), int(nonce.size()), at(associated),
                                 associated.size(), at(text), text.size()))
      throw Error("it is not as described");
    return out;
  }
  const std::string& file_;
  const Anatomy a_;
  const std::string zero_ = std::string(1, '\0'), id_;
};

TEST_F(SealedFiles, TheFormatIsAsDescribed) {
  const std::string original = read_file(model), by_key = sealed(), by_passphrase = sealed(passphrase("open sesame"));
  const ByTheDescription k(by_key), p(by_passphrase);
  const std::string secret(reinterpret_cast<const char*>(kDataKey.data()), 32), eight = ByTheDescription::eight(0);
  EXPECT_TRUE(k.opened(secret, seal::name_of(kDataKey), eight + eight, eight + eight + eight) == original);
  const std::string salt = p.bytes("scrypt_salt"), text = "open sesame";
  std::string derived(32, '\0');
  CryptoPP::Scrypt().DeriveKey(reinterpret_cast<CryptoPP::byte*>(&derived[0]), 32, ByTheDescription::at(text), text.size(),
                               ByTheDescription::at(salt), salt.size(), 1 << 14, 8, 1);
  EXPECT_EQ(p.number("scrypt_log2_n"), 14u);
  EXPECT_TRUE(p.opened(derived, "", salt, ByTheDescription::eight(14) + ByTheDescription::eight(8) + ByTheDescription::eight(1)) == original);
}

}  // namespace
}  // namespace shardlm::io
