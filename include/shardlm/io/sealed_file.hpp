// Files at rest that say nothing to whoever has not their key. Any file of the project (model, share, sealed table, key of a table) can be
// sealed into another one, and be used without its clear text ever lying on a disk.
//
// A sealed file is a file of datasets like all others, of format shardlm-sealed and with the name "sealed":
//   image    uint8 [bytes]        the original file, cut in chunks of 1 MiB, each encrypted by AES-256-GCM; alone of all datasets without checksum
//   tags     uint8 [chunks][16]   the chunks' tags
// Attributes, in hex where they are bytes:
//   file                                  a random number of this sealing, 128 bits
//   bytes, chunk_bytes                    the original's length, and 2^20
//   with                                  "data key" or "passphrase"
//   key_name                              which data key: name_of() it; or
//   scrypt_salt, _log2_n, _r, _p          128 random bits and the cost, with a passphrase
//   wrapped_key, wrap_nonce, wrap_tag     the content key, encrypted by AES-256-GCM with a random nonce under the wrapping key
// Keys:
//   wrapping key   HKDF-SHA256 of the data key, or of scrypt of the passphrase; salt: file; info: a label
//   content key    256 bits from the operating system, new for every sealing
// Chunk number i is sealed with
//   nonce              i, 96 bits, low byte first: no key seals two chunks of one number, so none meets a nonce twice
//   associated data    "shardlm sealed file", version, file, "image", i, number of chunks, bytes
// and the content key with "shardlm sealed file: key", version and all attributes above but the wrapped key's own. So bits, chunks, datasets,
// attributes and ends that are another's, or in another place, are noticed before anything of them is used. The manifest's digest and
// checksums, which anybody can make anew, are not looked at for this: tags say more, and to compare them as well would mean to read all twice.
//
// What stays visible: the length, which data key opens it, and when it was written. Who changes a sealed file can make it useless, and can
// put an older one, sealed with the same key, in its place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "shardlm/io/model_file.hpp"
#include "shardlm/seal/kdf.hpp"
#include "shardlm/seal/key_files.hpp"

namespace shardlm::io {

// What seals files and opens them: a data key, or a passphrase. Every copy is wiped at its end.
struct Unlock {
  static Unlock with_key(const seal::DataKey& key);
  static Unlock with_key_file(const std::string& path);  // throws Error as seal::read_data_key() does
  // cost: of files that it seals; those that it opens say theirs. Error for an empty passphrase and for a cost that no reader would spend.
  static Unlock with_passphrase(seal::View passphrase, const seal::ScryptCost& cost = {});
  ~Unlock();
  Unlock(const Unlock&) = default;
  Unlock(Unlock&&) = default;
  Unlock& operator=(const Unlock&) = delete;

  std::optional<seal::DataKey> key;
  seal::Bytes passphrase;  // empty where there is a key
  seal::ScryptCost cost;

 private:
  Unlock() = default;
};

// False also for what is no file of the project, or cannot be read.
bool is_sealed(const std::string& path);

// Seals a file of the project, whose checksums must hold, into a new one (mode 0600), which appears when it is whole, or not at all. The
// original stays where it is. threads: 0: as many as the machine has. Throws Error.
void seal_file(const std::string& path, const std::string& out, const Unlock& unlock, const Progress& progress = {},
               const FreeSpace& free_space = {}, unsigned threads = 0);

// The original, to the byte (mode 0600). It appears when every chunk was authentic, or not at all. Throws Error, which names the file.
void unseal_file(const std::string& path, const std::string& out, const Unlock& unlock, const Progress& progress = {},
                 const FreeSpace& free_space = {}, unsigned threads = 0);

// Bytes that Linux has to give without swapping, the page cache that can go included; 2^64 - 1 where it does not say.
std::uint64_t available_memory();
using AvailableMemory = std::function<std::uint64_t()>;  // may be empty: available_memory()

// The original in memory, as a file that every process of this user on this machine can open and map: ModelFile, ServerShare and KeyFile
// take path() as they take any other. All of them share the one copy, which nobody can change, not even this process.
//
// It is there as long as a process has it open or mapped; path() can be opened as long as this object is there. Of the clear text nothing
// goes to a disk by way of this: but swap must be off or encrypted, for memory of this size cannot be locked, and so must hibernation be.
// (Core dumps leave the mapped file out.) What the last process leaves, Linux clears before anybody else gets it; booted with
// init_on_free=1, at once.
class SealedImage {
 public:
  // Decrypts all of it. The sealed file leaves the page cache as it is read. Throws Error where a chunk is not authentic, and, before
  // anything is read, where the memory is not there.
  SealedImage(const std::string& path, const Unlock& unlock, const Progress& progress = {}, const AvailableMemory& available = {},
              unsigned threads = 0);
  ~SealedImage();
  SealedImage(SealedImage&&) noexcept;

  const std::string& path() const;  // "/proc/<process>/fd/<descriptor>"
  std::uint64_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::io
