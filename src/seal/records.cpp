#include "records.hpp"

#include <thread>

#include "shardlm/seal/kdf.hpp"

namespace shardlm::seal {

Records::Records(const Key& key, std::uint32_t lane, ChannelOptions options) : key_(key), lane_(lane), options_(std::move(options)) {
  aeads_.emplace_back(key_);
}

Record Records::next(View header, std::size_t n) {
  if (header.size != kHeader)
    throw Error("a sealed message's header has " + std::to_string(kHeader) + " bytes, not " + std::to_string(header.size));
  const std::uint64_t chunks = chunks_of(n);
  if (chunks > options_.chunks_of_a_key)
    throw Error("a message of " + std::to_string(n) + " bytes is too long to be sealed; send it in parts");
  if (chunks > options_.chunks - taken_)
    throw Error("this lane has sealed as much as its counter allows; start the job again, so that the ranks agree on new keys");
  if (chunks > options_.chunks_of_a_key - of_key_) change_key();
  Record record{{}, taken_, n};
  std::memcpy(record.header.data(), header.data, kHeader);
  taken_ += chunks;
  of_key_ += chunks;
  return record;
}

// The numbers go on, so that not even the same key would meet the same nonce.
void Records::change_key() {
  key_ = hkdf_expand(key_, "shardlm seal v1 next key of a lane");
  aeads_.clear();
  aeads_.emplace_back(key_);
  of_key_ = 0;
}

void Records::share(unsigned workers, const std::function<void(unsigned)>& work) const {
  if (options_.parallel) return options_.parallel(workers, work);
  std::vector<std::thread> threads;
  threads.reserve(workers);
  try {
    for (unsigned worker = 1; worker < workers; ++worker) threads.emplace_back(std::cref(work), worker);
  } catch (...) {
    // No more threads to be had: those that there are do all of it.
  }
  work(0);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace shardlm::seal
