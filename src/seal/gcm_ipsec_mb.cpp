#include "gcm.hpp"

#ifdef SHARDLM_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

namespace shardlm::seal {

#ifdef SHARDLM_IPSEC_MB
namespace {

// The library's functions for this machine, which keep no state: all threads use them at once. Null where it has no AES instructions.
IMB_MGR* functions() {
  static IMB_MGR* const manager = [] {
    IMB_MGR* made = alloc_mb_mgr(0);
    if (made == nullptr) return made;
    init_mb_mgr_auto(made, nullptr);
    constexpr std::uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    if (imb_get_errno(made) == 0 && (made->features & needed) == needed) return made;
    free_mb_mgr(made);
    return static_cast<IMB_MGR*>(nullptr);
  }();
  return manager;
}

class IpsecMbGcm : public Gcm {
 public:
  explicit IpsecMbGcm(const Key& key) { IMB_AES256_GCM_PRE(functions(), key.data(), &key_); }
  ~IpsecMbGcm() override {
    wipe(&key_, sizeof key_);
    wipe(&context_, sizeof context_);
  }

  Tag encrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) override {
    Tag tag;
    IMB_AES256_GCM_ENC(functions(), &key_, &context_, data, data, n, nonce.data(), associated.data, associated.size, tag.data(), tag.size());
    return tag;
  }
  Tag decrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) override {
    Tag tag;
    IMB_AES256_GCM_DEC(functions(), &key_, &context_, data, data, n, nonce.data(), associated.data, associated.size, tag.data(), tag.size());
    return tag;
  }

 private:
  alignas(64) gcm_key_data key_;  // which the library's header says for itself only where LINUX is defined
  alignas(64) gcm_context_data context_;
};

}  // namespace

std::unique_ptr<Gcm> ipsec_mb_gcm(const Key& key) {
  return functions() == nullptr ? nullptr : std::unique_ptr<Gcm>(new IpsecMbGcm(key));
}
#else
std::unique_ptr<Gcm> ipsec_mb_gcm(const Key&) { return nullptr; }
#endif

}  // namespace shardlm::seal
