#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>

#include "gcm.hpp"

namespace shardlm::seal {
namespace {

class CryptoppGcm : public Gcm {
 public:
  explicit CryptoppGcm(const Key& key) {
    const Nonce none{};  // Crypto++ wants one with the key; every message brings its own
    encryption_.SetKeyWithIV(key.data(), key.size(), none.data(), none.size());
    decryption_.SetKeyWithIV(key.data(), key.size(), none.data(), none.size());
  }

  Tag encrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) override {
    Tag tag;
    encryption_.EncryptAndAuthenticate(data, tag.data(), tag.size(), nonce.data(), static_cast<int>(nonce.size()), associated.data, associated.size, data, n);
    return tag;
  }

  // As Crypto++'s DecryptAndVerify(), which allocates memory for the tag each time.
  Tag decrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) override {
    decryption_.Resynchronize(nonce.data(), static_cast<int>(nonce.size()));
    decryption_.SpecifyDataLengths(associated.size, n);
    decryption_.Update(associated.data, associated.size);
    decryption_.ProcessString(data, n);
    Tag tag;
    decryption_.TruncatedFinal(tag.data(), tag.size());
    return tag;
  }

 private:
  CryptoPP::GCM<CryptoPP::AES>::Encryption encryption_;
  CryptoPP::GCM<CryptoPP::AES>::Decryption decryption_;
};

}  // namespace

std::unique_ptr<Gcm> cryptopp_gcm(const Key& key) { return std::make_unique<CryptoppGcm>(key); }

}  // namespace shardlm::seal
