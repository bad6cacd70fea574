// Rows by oblivious transfer, one step at a time: what comes is right, what is asked says nothing, and what is wrong is refused by name.
#include <numeric>
#include <set>

#include "../../src/protocol/oblivious_rows.hpp"
#include "session.hpp"
#include "shardlm/ot/rows.hpp"

namespace shardlm {
namespace {

using net::Kind;
using net::Lane;
using net::Role;
using protocol::RowAnswerer;
using protocol::RowReader;
using test::refusal;
using test::says;
using testing::is;
using testing::TestModel;
using testing::Tokens;
using testing::world;

// The sealed table of the small model, whose key server 0 has.
class Rows : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = new TestModel(test::kSmallModel, "v3-ot"); }
  static void TearDownTestSuite() {
    world().gather_all("");
    delete model_;
    model_ = nullptr;
  }
  static const TestModel& model() { return *model_; }
  static std::size_t vocabulary() { return model().file().config().vocabulary; }
  static const ot::PrivateKey& key() { return *model().serving({}).key; }
  static bool holder() { return is(Role::server0); }

  // The client reads rows of `tokens`, the holder answers; returns what each says that is wrong.
  static std::string ask(const Tokens& tokens, std::vector<float>* rows = nullptr) {
    const std::uint64_t request = ++last_request();
    if (is(Role::client))
      return refusal([&] {
        std::vector<float> got = read(request, tokens);
        if (rows) *rows = std::move(got);
      });
    if (holder()) return refusal([&] { RowAnswerer(world(), key(), request, {tokens.size(), 1}).answer(); });
    return "";
  }
  static std::vector<float> read(std::uint64_t request, const Tokens& tokens) {
    RowReader reader(world(), model().clients(), Role::server0);
    return reader.read(request, reader.prepare(tokens));
  }
  static std::uint64_t& last_request() {
    static std::uint64_t last = 500000;
    return last;
  }
  // The client sends these bytes instead of elements; what the holder says to it.
  static std::string answer_to(const std::string& bytes, std::size_t due) {
    const std::uint64_t request = ++last_request();
    if (is(Role::client)) world().send_now(Role::server0, Lane::oblivious, Kind::blinded, request, bytes.data(), bytes.size());
    return holder() ? refusal([&] { RowAnswerer(world(), key(), request, {due, 1}).answer(); }) : "";
  }
  // The holder answers with what `change` makes of the true answer; what the client says to it.
  template <class F>
  static std::string reading(const Tokens& tokens, const F& change) {
    const std::uint64_t request = ++last_request();
    if (is(Role::client)) return refusal([&] { read(request, tokens); });
    if (!holder()) return "";
    const std::vector<std::uint8_t> asked = world().receive_now(Role::client, Lane::oblivious, Kind::blinded, request);
    std::vector<ot::Element> answer(asked.size() / 32);
    for (std::size_t i = 0; i < answer.size(); ++i) {
      ot::Element e;
      std::memcpy(e.data(), asked.data() + 32 * i, 32);
      answer[i] = ot::blind_evaluate(key(), e);
    }
    change(answer);
    world().send_now(Role::client, Lane::oblivious, Kind::evaluated, request, answer.data(), 32 * answer.size());
    return "";
  }
  static std::string element_bytes(std::uint32_t i) {
    const ot::Element e = ot::hash_to_group(std::string(1, char(i)));
    return {e.begin(), e.end()};
  }

 private:
  inline static TestModel* model_ = nullptr;
};

TEST_F(Rows, EveryRowOfTheTableComesBitForBit) {
  Tokens all(vocabulary());
  std::iota(all.begin(), all.end(), 0);
  std::vector<float> rows;
  EXPECT_EQ(ask(all, &rows), "");
  if (!is(Role::client)) return;
  std::vector<float> want(model().file().config().hidden);
  for (std::size_t i = 0; i < all.size(); ++i) {
    model().file().embedding(i, want.data());
    ASSERT_EQ(std::vector<float>(rows.begin() + i * want.size(), rows.begin() + (i + 1) * want.size()), want) << i;
  }
}

TEST_F(Rows, AStepIsOneMessageEachWayOf32BytesAToken) {
  const auto sent = world().sent(Lane::oblivious), received = world().received(Lane::oblivious);
  EXPECT_EQ(ask(Tokens(19, 3)), "");
  if (!is(Role::client) && !holder()) return;
  EXPECT_EQ(world().sent(Lane::oblivious).messages - sent.messages, 1u);
  EXPECT_EQ(world().sent(Lane::oblivious).bytes - sent.bytes, 19 * 32u);
  EXPECT_EQ(world().received(Lane::oblivious).messages - received.messages, 1u);
  EXPECT_EQ(world().received(Lane::oblivious).bytes - received.bytes, 19 * 32u);
}

TEST_F(Rows, ATokenLooksLikeAnotherEachTimeItIsAskedFor) {
  std::set<std::string> seen;
  std::size_t elements = 0;
  world().observe([&](const net::World::Message& m) {
    for (std::size_t at = 0; m.kind == Kind::blinded && !m.sent && at < m.size; at += 32, ++elements) seen.emplace(m.data + at, m.data + at + 32);
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(Tokens(20, 5)), "");
  world().observe({});
  EXPECT_EQ(elements, holder() ? 60u : 0u);
  EXPECT_EQ(seen.size(), elements);
}

TEST_F(Rows, AnElementThatIsNoPointOrTheIdentityIsNamed) {
  const std::string good = element_bytes(1), zero(32, '\0'), large(32, '\xff');
  std::string odd = good;
  odd[0] = char(odd[0] | 1);  // encodings are even
  const std::string after_large = answer_to(good + large + good, 3), after_odd = answer_to(odd, 1), after_zero = answer_to(good + good + zero, 3);
  if (!holder()) return;
  EXPECT_TRUE(says(after_large, "the client's blinded element 1 is not a point"));
  EXPECT_TRUE(says(after_odd, "the client's blinded element 0 is not a point"));
  EXPECT_TRUE(says(after_zero, "the client's blinded element 2 is the identity"));
}

TEST_F(Rows, AnotherNumberOfElementsThanOfTokensIsNamed) {
  const std::string good = element_bytes(1);
  const std::string few = answer_to(good + good, 3), none = answer_to("", 1), half = answer_to(good + good.substr(0, 7), 2);
  const std::string many = answer_to(good + good + good, 2);
  if (!holder()) return;
  EXPECT_TRUE(says(many, "96 bytes"));
  EXPECT_TRUE(says(few, "with 64 bytes, where 3 blinded elements of 32 are due"));
  EXPECT_TRUE(says(none, "with 0 bytes"));
  EXPECT_TRUE(says(half, "with 39 bytes"));
}

TEST_F(Rows, MoreRowsThanWereAnnouncedAreRefused) {
  const std::uint64_t request = ++last_request();
  const auto ask = [&](RowReader& reader, const Tokens& tokens) { reader.read(request, reader.prepare(tokens)); };
  if (is(Role::client)) {
    RowReader reader(world(), model().clients(), Role::server0);
    ask(reader, {1, 2, 3});
    ask(reader, {4});
  }
  if (!holder()) return;
  RowAnswerer answerer(world(), key(), request, {3, 2});
  answerer.answer();
  answerer.answer();
  EXPECT_EQ(refusal([&] { answerer.answer(); }), "the client asks for more rows than it announced");
}

TEST_F(Rows, AReplyThatIsReorderedOrReplayedOrOfAnotherKeyOpensNothing) {
  static ot::Element before{};
  const std::string true_one = reading({3, 4, 5}, [](std::vector<ot::Element>& e) { before = e[0]; });
  const std::string swapped = reading({3, 4, 5}, [](std::vector<ot::Element>& e) { std::swap(e[0], e[2]); });
  const std::string replayed = reading({3, 4, 5}, [](std::vector<ot::Element>& e) { e[0] = before; });
  const std::string other_key = reading({3}, [](std::vector<ot::Element>& e) { e[0] = ot::blind_evaluate(ot::random_key(), e[0]); });
  if (!is(Role::client)) return;
  EXPECT_EQ(true_one, "");
  for (const std::string& trouble : {swapped, replayed, other_key}) {
    EXPECT_TRUE(says(trouble, "does not open"));
    EXPECT_TRUE(says(trouble, "remove the table under ~/.cache/shardlm/tables"));
  }
}

TEST_F(Rows, AReplyThatIsNoPointOrTooShortIsNamed) {
  const std::string none = reading({3, 4}, [](std::vector<ot::Element>& e) { e[1].fill(0xff); });
  const std::string identity = reading({3, 4}, [](std::vector<ot::Element>& e) { e[0].fill(0); });
  const std::string few = reading({3, 4}, [](std::vector<ot::Element>& e) { e.pop_back(); });
  if (!is(Role::client)) return;
  EXPECT_TRUE(says(none, "evaluated element 1 of server 0 is not a point"));
  EXPECT_TRUE(says(identity, "evaluated element 0 of server 0 is the identity"));
  EXPECT_TRUE(says(few, "server 0 answered with 32 bytes for 2 rows"));
}

}  // namespace
}  // namespace shardlm
