// The record layer: every size, and every way in which a message can be another one.
#include "seal_sent.hpp"
#include "shardlm/seal/kdf.hpp"

namespace shardlm::seal {
namespace {

TEST(SealChannel, Sizes) {
  EXPECT_EQ(sealed_size(0), 16u);
  EXPECT_EQ(sealed_size(1), 17u);
  EXPECT_EQ(sealed_size(kChunk), kChunk + 16);
  EXPECT_EQ(sealed_size(kChunk + 1), kChunk + 33);
  for (std::size_t n : kSizes) EXPECT_EQ(payload_size(sealed_size(n)), n);
  for (std::size_t sealed : {std::size_t{0}, std::size_t{15}, kChunk + 17, kChunk + 32, 2 * kChunk + 33, 2 * kChunk + 48})
    EXPECT_TRUE(says(refusal([&] { payload_size(sealed); }), "no sealed message has")) << sealed;
  for (std::size_t sealed = kChunk + 33; sealed < kChunk + 100; ++sealed) EXPECT_EQ(sealed_size(payload_size(sealed)), sealed);
}

TEST(SealChannel, MessagesOfEverySizeComeBack) {
  for (const unsigned threads : {1u, 2u, 5u}) {
    ChannelOptions options;
    options.threads = threads;
    Sealer sealer(kKey, 1, options);
    Opener opener(kKey, 1);
    for (int round = 0; round < 2; ++round)
      for (std::size_t n : kSizes) {
        const Bytes message = plain(n);
        const Sent sent(sealer, message);
        EXPECT_TRUE(n < 8 || !std::equal(message.begin(), message.end(), sent.bytes.begin()));
        Bytes back;
        ASSERT_EQ(open(opener, sent, &back), "") << n;
        ASSERT_EQ(back, message) << n;
      }
  }
}

TEST(SealChannel, EveryChunkTagAndHeaderCounts) {
  for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{17}, 2 * kChunk + 3}) {
    Sealer sealer(kKey, 1);
    const Sent sent(sealer, plain(n));
    ASSERT_EQ(opened_first(sent), "");
    for (std::size_t chunk = 0; chunk < chunks_of(n); ++chunk)
      for (std::size_t bit = 0; bit < 8; ++bit) {
        Sent other = sent;
        other.tags()[chunk * kTag + 2 * bit] ^= static_cast<std::uint8_t>(1 << bit);
        EXPECT_TRUE(says(opened_first(other), kRefused));
        const std::size_t at = chunk * kChunk + bit;
        if (at >= n) continue;
        other = sent;
        other.bytes[at] ^= static_cast<std::uint8_t>(1 << bit);
        EXPECT_TRUE(says(opened_first(other), kRefused));
        other = sent;
        other.bytes[std::min(n, (chunk + 1) * kChunk) - 1] ^= static_cast<std::uint8_t>(1 << bit);
        EXPECT_TRUE(says(opened_first(other), kRefused));
      }
    for (std::size_t bit = 0; bit < 8 * kHeader; ++bit) {
      Sent other = sent;
      other.header[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      ASSERT_TRUE(says(opened_first(other), kRefused));
    }
  }
  Sealer sealer(kKey, 1);
  const Sent sent(sealer, plain(17));
  for (std::size_t bit = 0; bit < 8 * sent.bytes.size(); ++bit) {
    Sent other = sent;
    other.bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_TRUE(says(opened_first(other), kRefused)) << bit;
  }
}

TEST(SealChannel, MessagesComeOnceAndInOrder) {
  Sealer sealer(kKey, 1);
  const Sent first(sealer, plain(100)), second(sealer, plain(100)), third(sealer, plain(100));
  EXPECT_TRUE(says(opened_first(second), kRefused)) << "dropped";
  Opener opener(kKey, 1);
  EXPECT_EQ(open(opener, first), "");
  EXPECT_EQ(open(opener, second), "");
  EXPECT_TRUE(says(open(opener, second), kRefused)) << "replayed";
  EXPECT_TRUE(says(open(opener, third), "cannot go on")) << "nothing more after a failure";
  Opener other(kKey, 1);
  EXPECT_EQ(open(other, first), "");
  EXPECT_TRUE(says(open(other, third), kRefused)) << "reordered";
}

TEST(SealChannel, OtherLanesAndKeysAreRefused) {
  Sealer sealer(kKey, 1);
  const Sent sent(sealer, plain(100));
  EXPECT_EQ(opened_first(sent, 1), "");
  EXPECT_TRUE(says(opened_first(sent, 2), kRefused)) << "another lane";
  EXPECT_TRUE(says(opened_first(sent, 1, hkdf_expand(kKey, "other direction")), kRefused)) << "another direction";
}

TEST(SealChannel, ChunksKeepTheirPlaces) {
  const std::size_t n = 3 * kChunk;
  Sealer sealer(kKey, 1);
  const Sent sent(sealer, plain(n));
  for (const bool with_tags : {false, true}) {
    Sent other = sent;
    std::swap_ranges(other.bytes.begin(), other.bytes.begin() + kChunk, other.bytes.begin() + kChunk);
    if (with_tags) std::swap_ranges(other.tags(), other.tags() + kTag, other.tags() + kTag);
    EXPECT_TRUE(says(opened_first(other), kRefused));
  }
  Sent other = sent;
  std::copy_n(other.bytes.begin(), kChunk, other.bytes.begin() + kChunk);
  std::copy_n(other.tags(), kTag, other.tags() + kTag);
  EXPECT_TRUE(says(opened_first(other), kRefused)) << "one chunk twice";
}

// Whole chunks off an end, with the tags that belong to the rest: the last chunk says that it is the last.
TEST(SealChannel, CutMessagesAreRefused) {
  Sealer sealer(kKey, 1);
  const Sent sent(sealer, plain(3 * kChunk));
  for (std::size_t chunks : {1, 2}) {
    Sent other = sent;
    other.n = chunks * kChunk;
    std::copy_n(sent.bytes.begin() + 3 * kChunk, chunks * kTag, other.tags());
    EXPECT_TRUE(says(opened_first(other), kRefused)) << chunks;
  }
  Sent longer = sent;
  longer.bytes.resize(sealed_size(4 * kChunk));
  longer.n = 4 * kChunk;
  std::copy_n(sent.bytes.begin() + 3 * kChunk, 3 * kTag, longer.tags());
  EXPECT_TRUE(says(opened_first(longer), kRefused));
  Sealer small(kKey, 1);
  const Sent seventeen(small, plain(17));
  for (std::size_t n = 0; n < 17; ++n) {
    Sent other = seventeen;
    other.n = n;
    std::copy_n(seventeen.bytes.begin() + 17, kTag, other.tags());
    EXPECT_TRUE(says(opened_first(other), kRefused)) << n;
  }
}

TEST(SealChannel, NothingIsSeenOfAMessage) {
  const std::string secret = "a secret of forty-eight characters that is known";
  Bytes message;
  while (message.size() < 2 * kChunk) message.insert(message.end(), secret.begin(), secret.end());
  Sealer sealer(kKey, 1);
  const Sent first(sealer, message), second(sealer, message);
  for (const Sent* sent : {&first, &second})
    for (std::size_t at = 0; at < secret.size(); at += 8)
      EXPECT_EQ(std::search(sent->bytes.begin(), sent->bytes.end(), secret.begin() + at, secret.begin() + at + 8), sent->bytes.end());
  std::size_t same = 0;
  for (std::size_t i = 0; i < first.bytes.size(); ++i) same += first.bytes[i] == second.bytes[i];
  EXPECT_LT(same, first.bytes.size() / 200) << "1 in 256 by chance: the same message twice is not the same bytes twice";
}

TEST(SealChannel, HeadersHave32Bytes) {
  Sealer sealer(kKey, 1);
  Opener opener(kKey, 1);
  Bytes data(5, 1), tags(kTag);
  for (std::size_t n : {0, 31, 33})
    EXPECT_TRUE(says(refusal([&] { sealer.seal(Bytes(n), data.data(), 5, tags.data()); }), "has 32 bytes")) << n;
  EXPECT_TRUE(says(refusal([&] { opener.open(Bytes(33), data.data(), 5, tags.data()); }), "has 32 bytes"));
  EXPECT_TRUE(zero(data.data(), 5));
}

}  // namespace
}  // namespace shardlm::seal
