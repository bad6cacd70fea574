// What both ends of a lane do alike: count, number chunks, change keys, share work.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "shardlm/seal/channel.hpp"

namespace shardlm::seal {

// The chunks of one message.
struct Record {
  std::array<std::uint8_t, kHeader> header;
  std::uint64_t first;  // its first chunk's number in the lane
  std::size_t size;     // of the payload
  std::size_t chunks() const { return chunks_of(size); }
  std::size_t bytes(std::size_t chunk) const { return chunk + 1 < chunks() ? kChunk : size - chunk * kChunk; }
};

inline void put(std::uint8_t* out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

inline Nonce nonce_of(std::uint32_t lane, std::uint64_t number) {
  Nonce nonce;
  put(nonce.data(), lane, 4);
  put(nonce.data() + 4, number, 8);
  return nonce;
}

inline std::array<std::uint8_t, kHeader + 8> associated_data(const Record& record, std::size_t chunk) {
  std::array<std::uint8_t, kHeader + 8> bytes;
  std::memcpy(bytes.data(), record.header.data(), kHeader);
  put(bytes.data() + kHeader, chunk, 4);
  put(bytes.data() + kHeader + 4, chunk + 1 == record.chunks() ? 1 : 0, 4);
  return bytes;
}

class Records {
 public:
  Records(const Key& key, std::uint32_t lane, ChannelOptions options);

  // Takes numbers for the next message of n bytes. Throws Error where it would be one too many.
  Record next(View header, std::size_t n);
  // f(aead, nonce, associated data, chunk) for `count` chunks from `first` on, on as many threads as their bytes deserve; true if it was
  // true for every one of them. f may not throw.
  template <class F>
  bool for_chunks(const Record& record, std::size_t first, std::size_t count, const F& f);

  // Of a Sealer: the message that is being sealed.
  Record record{};
  std::uint8_t *data = nullptr, *tags = nullptr;
  std::size_t done = 0;  // chunks
  bool under_way = false;
  // Something did not fit, or stopped half way: the lane is of no more use.
  bool broken = false;

 private:
  void share(unsigned workers, const std::function<void(unsigned)>& work) const;
  void change_key();

  Key key_;
  std::uint32_t lane_;
  ChannelOptions options_;
  std::uint64_t taken_ = 0, of_key_ = 0;  // chunks so far, and under this key
  std::vector<Aead> aeads_;               // one a worker; made when there is work for it
};

template <class F>
bool Records::for_chunks(const Record& record, std::size_t first, std::size_t count, const F& f) {
  const auto one = [&](Aead& aead, std::size_t chunk) {
    return f(aead, nonce_of(lane_, record.first + chunk), associated_data(record, chunk), chunk);
  };
  const bool large = count * kChunk >= kParallelFrom;
  const auto workers = static_cast<unsigned>(large ? std::min<std::size_t>(options_.threads, count) : 1);
  if (workers <= 1) {
    bool all = true;
    for (std::size_t i = 0; i < count; ++i) all = one(aeads_[0], first + i) && all;
    return all;
  }
  while (aeads_.size() < workers) aeads_.emplace_back(key_);
  std::atomic<std::size_t> next{0}, right{0};
  share(workers, [&](unsigned worker) {
    for (std::size_t i = next++; i < count; i = next++)
      if (one(aeads_[worker], first + i)) ++right;
  });
  return right == count;
}

}  // namespace shardlm::seal
