// The record layer over a long run and on several threads: no nonce comes twice, keys change, a lane ends, work is shared.
#include <atomic>
#include <set>

#include "seal_sent.hpp"
#include "shardlm/seal/kdf.hpp"

namespace shardlm::seal {
namespace {

constexpr std::uint64_t kChunksOfAKey = 1000;

// A lane as channel.hpp describes it, beside the real one.
struct Described {
  explicit Described(std::uint8_t number) : lane(number), sealer(kKey, number, options()) {}
  static ChannelOptions options() {
    ChannelOptions options;
    options.chunks_of_a_key = kChunksOfAKey;
    return options;
  }
  void change_key_before(std::size_t chunks) {
    if (of_key + chunks <= kChunksOfAKey) return;
    key = hkdf_expand(key, "shardlm seal v1 next key of a lane");
    of_key = 0;
  }
  // Takes the next number.
  Nonce nonce() {
    Nonce nonce{lane};
    for (int i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    ++number;
    ++of_key;
    return nonce;
  }

  std::uint8_t lane;
  Sealer sealer;
  Key key = kKey;
  std::uint64_t number = 0, of_key = 0;
};

// Every chunk of a long run opens under the key and the nonce that follow from its lane and its number, and no two of these are the same.
TEST(SealChannel, NoncesAreNeverRepeated) {
  std::set<std::pair<std::string, Nonce>> used;
  std::vector<Described> lanes;
  for (const std::uint8_t lane : {0, 1, 2}) lanes.emplace_back(lane);
  for (std::size_t i = 0; i < 12000; ++i) {
    Described& lane = lanes[i % 3];
    const std::size_t n = i % 500 == 0 ? 2 * kChunk + 1 : i % 40;
    Sent sent(lane.sealer, plain(n));
    lane.change_key_before(chunks_of(n));
    Aead aead(lane.key);
    for (std::size_t chunk = 0; chunk < chunks_of(n); ++chunk) {
      const Nonce nonce = lane.nonce();
      Bytes associated = sent.header;
      associated.resize(kHeader + 8);
      associated[kHeader] = static_cast<std::uint8_t>(chunk);
      associated[kHeader + 4] = chunk + 1 == chunks_of(n);
      const std::size_t at = chunk * kChunk;
      ASSERT_TRUE(aead.open(nonce, associated, sent.bytes.data() + at, std::min(kChunk, n - at), sent.tags() + chunk * kTag));
      ASSERT_TRUE(used.insert({to_hex(lane.key), nonce}).second);
    }
  }
  for (const Described& lane : lanes) EXPECT_GT(lane.number, 4 * kChunksOfAKey);
}

TEST(SealChannel, KeysChangeAtBothEndsAlike) {
  ChannelOptions options;
  options.chunks_of_a_key = 8;
  options.threads = 2;
  Sealer sealer(kKey, 1, options), unchanged(kKey, 1);
  Opener opener(kKey, 1, options);
  for (int i = 0; i < 60; ++i) {
    const Bytes message = plain(i % 9 * kChunk / 2 + i % 5);
    const Sent sent(sealer, message), other(unchanged, message);
    Bytes back;
    ASSERT_EQ(open(opener, sent, &back), "") << i;
    ASSERT_EQ(back, message);
    EXPECT_TRUE(i < 59 || sent.bytes != other.bytes);
  }
  EXPECT_TRUE(says(refusal([&] { Sent(sealer, plain(8 * kChunk + 1)); }), "too long to be sealed"));
  EXPECT_EQ(refusal([&] { Sent(sealer, plain(8 * kChunk)); }), "");
}

TEST(SealChannel, ALaneEndsBeforeItsCounter) {
  ChannelOptions options;
  options.chunks = 5;
  Sealer sealer(kKey, 1, options);
  Opener opener(kKey, 1, options);
  EXPECT_EQ(open(opener, Sent(sealer, plain(3 * kChunk))), "");
  EXPECT_TRUE(says(refusal([&] { Sent(sealer, plain(2 * kChunk + 1)); }), "as much as its counter allows"));
  EXPECT_EQ(open(opener, Sent(sealer, plain(kChunk + 1))), "") << "what was refused took no number";
  EXPECT_TRUE(says(refusal([&] { Sent(sealer, plain(0)); }), "as much as its counter allows"));
  EXPECT_TRUE(says(refusal([&] {
                     Bytes data(1), tags(kTag);
                     opener.open(Bytes(kHeader), data.data(), 1, tags.data());
                   }),
                   "as much as its counter allows"));
}

TEST(SealChannel, ThreadsMakeNoDifference) {
  for (std::size_t n : {std::size_t{2} << 20, (std::size_t{5} << 20) + 7}) {
    const Bytes message = plain(n);
    ChannelOptions options;
    options.threads = 4;
    Sealer one(kKey, 1), four(kKey, 1, options);
    std::atomic<unsigned> workers{0};
    options.parallel = [&](unsigned count, const std::function<void(unsigned)>& work) {
      for (unsigned i = count; i > 0; --i) ++workers, work(i - 1);
    };
    Sealer lent(kKey, 1, options);
    const Sent expected(one, message), same(four, message), also(lent, message);
    EXPECT_EQ(expected.bytes, same.bytes);
    EXPECT_EQ(expected.bytes, also.bytes);
    EXPECT_EQ(workers, 4u);
    Opener opener(kKey, 1, options);
    Bytes back;
    EXPECT_EQ(open(opener, expected, &back), "");
    EXPECT_EQ(back, message);
  }
}

// Threads that are promised and do not work must not pass for a message that was opened, nor may one be sealed twice.
TEST(SealChannel, WorkThatIsNotDoneIsNoticed) {
  ChannelOptions options;
  options.threads = 2;
  Sealer sealer(kKey, 1);
  const Sent sent(sealer, plain(3u << 20));
  options.parallel = [](unsigned, const std::function<void(unsigned)>&) {};
  Opener lazy(kKey, 1, options);
  EXPECT_TRUE(says(open(lazy, sent), kRefused));
  Sealer none(kKey, 1, options);
  Sent copy = sent;
  EXPECT_TRUE(says(refusal([&] { none.seal(copy.header, copy.bytes.data(), copy.n, copy.tags()); }), "did not do all of their work"));
  EXPECT_TRUE(says(refusal([&] { none.seal(copy.header, copy.bytes.data(), 5, copy.tags()); }), "cannot go on"));
  options.parallel = [](unsigned, const std::function<void(unsigned)>& work) { work(0), throw Error("no more"); };
  Opener throwing(kKey, 1, options);
  EXPECT_EQ(open(throwing, sent), "no more");
  EXPECT_TRUE(says(open(throwing, sent), "cannot go on"));
  Sealer stopped(kKey, 1, options);
  EXPECT_EQ(refusal([&] { stopped.seal(copy.header, copy.bytes.data(), copy.n, copy.tags()); }), "no more");
  EXPECT_TRUE(says(refusal([&] { stopped.advance(1); }), "cannot go on"));
}

TEST(SealChannel, StepsSealTheSame) {
  const Bytes message = plain((3u << 20) + 5);
  Sealer whole(kKey, 1), steps(kKey, 1);
  const Sent expected(whole, message);
  for (int round = 0; round < 2; ++round) {
    Sent sent = expected;
    std::copy(message.begin(), message.end(), sent.bytes.begin());
    steps.begin(sent.header, sent.bytes.data(), sent.n, sent.tags());
    EXPECT_TRUE(says(refusal([&] { steps.begin(sent.header, sent.bytes.data(), sent.n, sent.tags()); }), "still being sealed"));
    EXPECT_EQ(steps.advance(1), kChunk);
    EXPECT_EQ(steps.advance(0), 2 * kChunk);
    EXPECT_EQ(steps.advance(kChunk + 1), 4 * kChunk);
    EXPECT_TRUE(std::equal(message.begin() + 4 * kChunk, message.end(), sent.bytes.begin() + 4 * kChunk)) << "the rest is as it was";
    EXPECT_EQ(steps.advance(100 * kChunk), message.size());
    EXPECT_EQ(steps.advance(1), message.size());
    if (round == 0) {
      EXPECT_EQ(sent.bytes, expected.bytes);
      continue;
    }
    Opener opener(kKey, 1);
    EXPECT_EQ(open(opener, expected), "");
    EXPECT_EQ(open(opener, sent), "");
  }
}

}  // namespace
}  // namespace shardlm::seal
