#include "shardlm/seal/channel.hpp"

#include "records.hpp"

namespace shardlm::seal {
namespace {

constexpr const char* kBroken = "a lane that failed cannot go on; start the job again";

}  // namespace

std::size_t payload_size(std::size_t sealed) {
  const std::size_t chunks = sealed == 0 ? 0 : (sealed - 1) / (kChunk + kTag) + 1;
  const std::size_t tags = kTag * chunks;
  if (chunks == 0 || sealed < tags || chunks_of(sealed - tags) != chunks)
    throw Error("no sealed message has " + std::to_string(sealed) + " bytes; it was cut on its way");
  return sealed - tags;
}

Sealer::Sealer(const Key& key, std::uint32_t lane, ChannelOptions options) : records_(new Records(key, lane, std::move(options))) {}
Sealer::~Sealer() = default;
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;

void Sealer::seal(View header, std::uint8_t* data, std::size_t n, std::uint8_t* tags) {
  begin(header, data, n, tags);
  advance(n);
}

void Sealer::begin(View header, std::uint8_t* data, std::size_t n, std::uint8_t* tags) {
  Records& r = *records_;
  if (r.broken) throw Error(kBroken);
  if (r.under_way) throw Error("a message is still being sealed; finish it before the next one of its lane");
  r.record = r.next(header, n);
  r.data = data;
  r.tags = tags;
  r.done = 0;
  r.under_way = true;
}

std::size_t Sealer::advance(std::size_t bytes) {
  Records& r = *records_;
  if (r.broken) throw Error(kBroken);
  if (!r.under_way) return r.record.size;
  const std::size_t left = r.record.chunks() - r.done, count = std::min(left, chunks_of(bytes));
  r.broken = true;  // what stops half way must not be sealed a second time: that would undo it
  r.broken = !r.for_chunks(r.record, r.done, count, [&r](Aead& aead, const Nonce& nonce, View associated, std::size_t chunk) {
    aead.seal(nonce, associated, r.data + chunk * kChunk, r.record.bytes(chunk), r.tags + chunk * kTag);
    return true;
  });
  if (r.broken) throw Error("a message was not sealed whole, because its threads did not do all of their work");
  r.done += count;
  r.under_way = r.done < r.record.chunks();
  return r.under_way ? r.done * kChunk : r.record.size;
}

Opener::Opener(const Key& key, std::uint32_t lane, ChannelOptions options) : records_(new Records(key, lane, std::move(options))) {}
Opener::~Opener() = default;
Opener::Opener(Opener&&) noexcept = default;
Opener& Opener::operator=(Opener&&) noexcept = default;

void Opener::open(View header, std::uint8_t* data, std::size_t n, const std::uint8_t* tags) {
  // However this ends but well, nothing of the message is left.
  struct Guard {
    ~Guard() {
      if (records.broken && size > 0) wipe(bytes, size);
    }
    Records& records;
    std::uint8_t* bytes;
    std::size_t size;
  } guard{*records_, data, n};
  Records& r = *records_;
  if (r.broken) throw Error(kBroken);
  r.broken = true;
  const Record record = r.next(header, n);
  r.broken = !r.for_chunks(record, 0, record.chunks(), [&](Aead& aead, const Nonce& nonce, View associated, std::size_t chunk) {
    return aead.open(nonce, associated, data + chunk * kChunk, record.bytes(chunk), tags + chunk * kTag);
  });
  if (r.broken)
    throw Error(
        "a message was changed, replayed, reordered or cut on its way, so that nothing of it is used; look at what is between the two "
        "machines, "
        "and start the job again");
}

}  // namespace shardlm::seal
