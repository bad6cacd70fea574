// What a request takes on each rank.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../../apps/shardlm/needs.hpp"
#include "io_files.hpp"
#include "shardlm/io/random_model.hpp"
#include "shardlm/qwen/decoder.hpp"

namespace shardlm::app {
namespace {

using net::Role;

std::array<Needs, net::kParties> needs_of(const io::ModelConfig& c, const Request& r) {
  return needs(c, qwen::predict(qwen::Model(c), r.tokens, r.answer - 1), r, 7000000);
}

TEST(Needs, WhatIsSentIsReceived) {
  for (const std::string& size : io::qwen_sizes())
    for (const Request& r : {Request{1, 1, 1 << 28}, Request{19, 5, 1 << 28}}) {
      std::uint64_t sent = 0, received = 0;
      for (const Needs& n : needs_of(io::qwen_size(size), r)) {
        sent += n.sent;
        received += n.received;
      }
      EXPECT_EQ(sent, received) << size;
    }
}

TEST(Needs, ALongerPromptNeedsMore) {
  const io::ModelConfig c = io::qwen_size("0.5b");
  std::uint64_t last = 0;
  for (std::size_t tokens = 1; tokens <= std::size_t{1} << 24; tokens *= 2) {
    const std::uint64_t work = working_bytes(c, tokens, tokens);
    EXPECT_GT(work, last) << tokens;
    last = work;
  }
}

TEST(Needs, TheLargestRequestOfTheLargestShapeStaysANumber) {
  io::ModelConfig c;
  c.hidden = std::size_t{1} << 16;
  c.layers = c.heads = c.kv_heads = 1024;
  c.intermediate = std::size_t{1} << 20;
  c.vocabulary = std::size_t{1} << 22;
  const std::size_t most = std::size_t{1} << 24;
  EXPECT_GE(working_bytes(c, most, 2 * most), std::uint64_t{1} << 58);  // 150 words for each of 2^10 heads and 2^47 pairs
  EXPECT_LE(working_bytes(c, most, 2 * most, most), kTooMuch);
}

TEST(Needs, TheDealersMemoryIsBoundedByHowFarItMayBeAhead) {
  const io::ModelConfig c = io::qwen_size("7b");
  const auto near = needs_of(c, {19, 1, std::uint64_t{16} << 20}), far = needs_of(c, {19, 1, std::uint64_t{1} << 30});
  EXPECT_EQ(near[int(Role::server0)].memory, far[int(Role::server0)].memory);
  EXPECT_GT(far[int(Role::dealer)].memory, near[int(Role::dealer)].memory + (std::uint64_t{900} << 20));
  EXPECT_LT(near[int(Role::dealer)].memory, near[int(Role::server0)].memory + (std::uint64_t{20} << 20));
}

TEST(Needs, TheModelFileHasTheBytesThatWereForetold) {
  test::CacheFolder no_cache;
  test::TemporaryFolder folder;
  const io::RandomModel model = io::random_model(test::kSmallModel);
  io::convert_random(model, folder / "model.h5", {});
  struct stat s {};
  ASSERT_EQ(stat((folder / "model.h5").c_str(), &s), 0);
  const std::uint64_t foretold = file_bytes(model.config, io::byte_tokenizer_json().size());
  EXPECT_GE(std::uint64_t(s.st_size), foretold);
  EXPECT_LT(std::uint64_t(s.st_size), foretold + 65536);  // names, shapes and checksums
}

}  // namespace
}  // namespace shardlm::app
