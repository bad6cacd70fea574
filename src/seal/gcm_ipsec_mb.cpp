#include "gcm.hpp"

#ifdef SHARDLM_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

namespace shardlm::seal {

#ifdef SHARDLM_IPSEC_MB
namespace {

// functions: for this machine. They keep no state, so that all threads use them at once.
class IpsecMbGcm : public Gcm {
 public:
  IpsecMbGcm(IMB_MGR* functions, const Key& key) : functions_(functions) { IMB_AES256_GCM_PRE(functions_, key.data(), &key_); }
  ~IpsecMbGcm() override {
    wipe(&key_, sizeof key_);
    wipe(&context_, sizeof context_);
  }

  Tag encrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) override {
    Tag tag;
    IMB_AES256_GCM_ENC(functions_, &key_, &context_, data, data, n, nonce.data(), associated.data, associated.size, tag.data(), tag.size());
    return tag;
  }
  Tag decrypt(const Nonce& nonce, View associated, std::uint8_t* data, std::size_t n) override {
    Tag tag;
    IMB_AES256_GCM_DEC(functions_, &key_, &context_, data, data, n, nonce.data(), associated.data, associated.size, tag.data(), tag.size());
    return tag;
  }

 private:
  IMB_MGR* functions_;
  alignas(64) gcm_key_data key_;  // which the library's header says for itself only where LINUX is defined
  alignas(64) gcm_context_data context_;
};

// Case 14 of McGrew's and Viega's GCM specification: the key, a nonce and 16 bytes of text that are all zero.
constexpr std::array<std::uint8_t, 16> kSealedZeros{0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e, 0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18};
constexpr Gcm::Tag kTagOfZeros{0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0, 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19};

// The library does not report what it refuses, and its functions lie where its header says: one that does not give this answer is not used.
bool gives_known_answer(IMB_MGR* functions) {
  std::array<std::uint8_t, 16> text{};
  const Gcm::Tag tag = IpsecMbGcm(functions, Key{}).encrypt(Nonce{}, {}, text.data(), text.size());
  return text == kSealedZeros && tag == kTagOfZeros;
}

// Null where the machine has no AES instructions, or the library is another version than its header.
IMB_MGR* functions() {
  static IMB_MGR* const manager = [] {
    IMB_MGR* made = imb_get_version() == IMB_VERSION_NUM ? alloc_mb_mgr(0) : nullptr;
    if (made == nullptr) return made;
    init_mb_mgr_auto(made, nullptr);
    constexpr std::uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    if (imb_get_errno(made) == 0 && (made->features & needed) == needed && gives_known_answer(made)) return made;
    free_mb_mgr(made);
    return static_cast<IMB_MGR*>(nullptr);
  }();
  return manager;
}

}  // namespace

std::unique_ptr<Gcm> ipsec_mb_gcm(const Key& key) {
  return functions() == nullptr ? nullptr : std::unique_ptr<Gcm>(new IpsecMbGcm(functions(), key));
}
#else
std::unique_ptr<Gcm> ipsec_mb_gcm(const Key&) { return nullptr; }
#endif

}  // namespace shardlm::seal
