// Clients without a model, on four ranks: their rows are right, what they ask says nothing, and what is wrong is refused by name.
// (What a server receives in whole requests: test_privacy.)
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>
#include <set>

#include "../../src/protocol/messages.hpp"
#include "../../src/protocol/oblivious_rows.hpp"
#include "shardlm/ot/rows.hpp"
#include "uniformity.hpp"
#include "view.hpp"

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
using testing::relative_error;
using testing::session;
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

// Whole answers. settings: those in which the client has no model.
using WithoutAModel = testing::OnEverySetting;
INSTANTIATE_TEST_SUITE_P(All, WithoutAModel, ::testing::Values("v3-ot", "v3+dpf", "v3-mpc+ot", "v2+ot", "v2+dpf"), testing::name_of);

TEST_P(WithoutAModel, PromptAndAnswerHaveThePlaintextEnginesLogits) {
  session(model(), [&](protocol::Client& client) {
    const qwen::PlainModel plain(model().path());
    for (const Tokens& text : testing::demo_prompts(model().file(), 3)) {
      const std::size_t prompt = text.size() - 3;
      const auto got = testing::request(client, Tokens(text.begin(), text.begin() + prompt), Tokens(text.begin() + prompt, text.end()));
      for (std::size_t i = 0; i < got.logits.size(); ++i)
        EXPECT_LT(relative_error(got.logits[i], qwen::PlainSession(plain).forward(Tokens(text.begin(), text.begin() + prompt + i))), 0.01);
    }
  });
}

TEST_P(WithoutAModel, ItCostsWhatAClientWithOneCostsAndTheRows) {
  const auto sent = world().sent(Lane::oblivious), received = world().received(Lane::oblivious);
  session(model(), [&](protocol::Client& client) {
    const auto reports = testing::request(client, Tokens(19, 7), {1, 2}).reports;
    EXPECT_EQ(reports[2].costs, qwen::predict(model().shapes(), 19, 2, 0, model().choices().engine));
    const int rank = int(model().choices().secret_weights ? Role::dealer : Role::server0);
    EXPECT_GT(reports[rank].rows, 0);
  });
  if (!is(Role::client)) return;
  const std::uint64_t up = world().sent(Lane::oblivious).bytes - sent.bytes, down = world().received(Lane::oblivious).bytes - received.bytes;
  if (model().choices().embedding == protocol::Embedding::ot) {
    EXPECT_EQ(up, 21 * 32u);
    EXPECT_EQ(down, 21 * 32u);
  } else {
    const int bits = crypto::row_bits(model().file().config().vocabulary);
    EXPECT_EQ(up, 2 * (crypto::row_key_bytes(bits, 19) + 2 * crypto::row_key_bytes(bits, 1)));
    EXPECT_EQ(down, 0u);
  }
}

TEST_P(WithoutAModel, ATokenBeyondTheTableIsRefusedBeforeAnythingIsAsked) {
  session(model(), [&](protocol::Client& client) {
    const auto vocabulary = std::int32_t(model().file().config().vocabulary);
    client.announce({2, 0});
    for (const std::int32_t token : {vocabulary, -1}) EXPECT_TRUE(says(refusal([&] { client.step({1, token}); }), "outside the vocabulary"));
    client.step({1, 2});
    client.finish();
  });
}

TEST_P(WithoutAModel, APaddedPromptAsksForARowAPosition) {
  session(model(), [&](protocol::Client& client) {
    const qwen::PlainModel plain(model().path());
    const Tokens text = testing::demo_prompts(model().file(), 1)[0];
    const std::size_t prompt = text.size() - 2;
    const auto before = client.oblivious_bytes();
    const auto got = testing::request(client, Tokens(text.begin(), text.begin() + prompt), Tokens(text.begin() + prompt, text.end()), 40);
    const auto after = client.oblivious_bytes();
    for (std::size_t i = 0; i < got.logits.size(); ++i)
      EXPECT_LT(relative_error(got.logits[i], qwen::PlainSession(plain).forward(Tokens(text.begin(), text.begin() + prompt + i))), 0.01) << i;
    const bool ot = model().choices().embedding == protocol::Embedding::ot;
    const int bits = crypto::row_bits(model().file().config().vocabulary);
    EXPECT_EQ(after.sent - before.sent, ot ? 42 * 32u : 2 * (crypto::row_key_bytes(bits, 40) + 2 * crypto::row_key_bytes(bits, 1)));
  });
}

// A session in a world of its own, so that what nobody reads any more meets nobody later. What each rank says that is wrong.
template <class F>
std::vector<std::string> in_a_world_of_its_own(const F& part) {
  net::World own(20);
  const std::string said = refusal([&] { part(own); });
  return world().gather_all(said);
}

// The number of the request that a client announces.
class RequestNumber {
 public:
  explicit RequestNumber(net::World& world) : world_(world) {
    world_.observe([this](const net::World::Message& m) {
      if (m.sent && m.request != 0) number_ = m.request;
    });
  }
  ~RequestNumber() { world_.observe({}); }
  std::uint64_t get() const { return number_; }

 private:
  net::World& world_;
  std::uint64_t number_ = 0;
};

// All ranks are through with what was announced; then the client goes on.
TEST_P(WithoutAModel, MoreThanWasAnnouncedIsRefused) {
  const bool dealer_answers = model().choices().embedding == protocol::Embedding::ot && model().choices().secret_weights;
  const auto said = in_a_world_of_its_own([&](net::World& own) {
    if (!is(Role::client)) return protocol::serve(own, model().model(), model().serving({}));
    protocol::Client client(own, model().clients(), model().choices());
    const RequestNumber number(own);
    client.announce({2});
    client.step({1, 2});
    const protocol::Step step{1};
    for (const Role server : {Role::server0, Role::server1}) own.send_now(server, Lane::control, Kind::request, number.get(), &step, sizeof step);
    const ot::Element element = ot::hash_to_group(std::string("a token"));
    if (dealer_answers) own.send_now(Role::dealer, Lane::oblivious, Kind::blinded, number.get(), element.data(), element.size());
    if (!dealer_answers) own.send_now(Role::dealer, Lane::control, Kind::stop, number.get(), nullptr, 0);
    if (!dealer_answers) own.send_now(Role::dealer, Lane::control, Kind::end, 0, nullptr, 0);
  });
  for (const Role server : {Role::server0, Role::server1}) EXPECT_EQ(said[int(server)], "the client begins more steps than the 1 that it announced");
  EXPECT_EQ(said[int(Role::dealer)], dealer_answers ? "the client asks for more rows than it announced" : "");
  EXPECT_EQ(said[int(Role::client)], "");
}

TEST_P(WithoutAModel, AnnouncementsThatDoNotFitAreRefused) {
  const auto embedding = std::uint64_t(model().choices().embedding);
  const auto engine = std::uint64_t(model().choices().engine);
  const std::uint64_t other = embedding == 1 ? 2 : 1;
  const protocol::Announcement wrong[] = {{3, 2, 0, 0, 2, engine, other, 0}, {3, 2, 0, 0, 2, engine, 9, 0}, {3, 2, 0, 0, 2, engine, embedding, 2}};
  for (const protocol::Announcement& a : wrong) {
    const auto said = in_a_world_of_its_own([&](net::World& own) {
      if (!is(Role::client)) return protocol::serve(own, model().model(), model().serving({}));
      for (const Role role : {Role::server0, Role::server1, Role::dealer}) own.send_now(role, Lane::control, Kind::request, 0, &a, sizeof a);
    });
    for (const Role role : {Role::server0, Role::server1, Role::dealer}) {
      EXPECT_TRUE(says(said[int(role)], "the client announced embedding " + std::to_string(a.embedding) + " and padding " + std::to_string(a.padded)));
      EXPECT_TRUE(says(said[int(role)], std::string("this rank has the embedding ") + protocol::name(model().choices().embedding)));
    }
  }
}

// Only server 0 serves; the others do no more than it takes to get it there.
TEST_P(WithoutAModel, KeysOfAnotherSizeAreRefused) {
  if (model().choices().embedding != protocol::Embedding::dpf) return;
  const std::size_t due = crypto::row_key_bytes(crypto::row_bits(model().file().config().vocabulary), 2);
  for (const std::size_t size : {std::size_t{0}, due - 1, due + 1}) {
    const auto said = in_a_world_of_its_own([&](net::World& own) {
      const protocol::Announcement a{5, 2, 0, 0, 2, std::uint64_t(model().choices().engine), 2, 0};
      const protocol::DealtKeys keys{crypto::random_key(), crypto::random_salt()};
      const protocol::Step step{2};
      const std::string bytes(size, 'k');
      if (is(Role::server0)) protocol::serve(own, model().model(), model().serving({}));
      if (is(Role::dealer)) own.send_now(Role::server0, Lane::control, Kind::key, 5, &keys, sizeof keys);
      if (!is(Role::client)) return;
      own.send_now(Role::server0, Lane::control, Kind::request, 0, &a, sizeof a);
      own.send_now(Role::server0, Lane::control, Kind::request, 5, &step, sizeof step);
      own.send_now(Role::server0, Lane::oblivious, Kind::points, 5, bytes.data(), bytes.size());
    });
    EXPECT_TRUE(says(said[int(Role::server0)], std::to_string(size) + " bytes"));
  }
}

// No process may read these bytes while one of these lives, but for those that share a page with something else.
class OutOfReach {
 public:
  OutOfReach(const std::uint8_t* from, std::size_t bytes) {
    const std::uintptr_t page = std::uintptr_t(sysconf(_SC_PAGESIZE)), at = reinterpret_cast<std::uintptr_t>(from);
    first_ = (at + page - 1) / page * page;
    bytes_ = (at + bytes) / page * page - first_;
    EXPECT_EQ(mprotect(reinterpret_cast<void*>(first_), bytes_, PROT_NONE), 0);
  }
  ~OutOfReach() { mprotect(reinterpret_cast<void*>(first_), bytes_, PROT_READ); }
  OutOfReach(const OutOfReach&) = delete;
  OutOfReach& operator=(const OutOfReach&) = delete;

 private:
  std::uintptr_t first_;
  std::size_t bytes_;
};

// How long a look into a table takes may tell where. So a client looks before a step's first message: from then on to the answer nothing of
// its table is within its reach.
TEST(ATable, IsNotLookedIntoOnceAStepHasBegun) {
  for (const std::string& setting : {"v3", "v3-ot", "v3-mpc+ot"}) {
    const TestModel model(testing::demo_folder(), setting);
    int steps = 0;
    session(model, [&](protocol::Client& client) {
      const bool sealed = model.choices().embedding == protocol::Embedding::ot;
      const io::ModelFile& table = model.clients();
      const std::uint8_t* rows = sealed ? table.sealed_row(0) : table.embedding_rows().data;
      const std::size_t bytes = table.config().vocabulary * (table.row_bytes() + (sealed ? io::kSealBytes : 0));
      std::unique_ptr<OutOfReach> hidden;
      world().observe([&](const net::World::Message& m) {
        if (m.sent && m.kind == Kind::request && m.request != 0 && !hidden) {
          hidden = std::make_unique<OutOfReach>(rows, bytes);
          ++steps;
        }
        if (!m.sent && m.kind == Kind::logits) hidden.reset();
      });
      testing::request(client, {0, 5, 300, 7}, {1, 400}, 6);
      world().observe({});
    });
    EXPECT_EQ(steps, is(Role::client) ? 3 : 0);
    world().gather_all("");
  }
}

// With secret weights the dealer has the key: what it receives is as uniform, and as much the same for two prompts, as what a server does.
// At most kMostTests tests of kFalseAlarm each.
void expect_uniform_elements(const Tokens (&prompts)[2], std::size_t positions) {
  const TestModel model(test::kSmallModel, "v3-mpc+ot");
  testing::Uniformity uniformity;
  for (int i = 0; i < 80; ++i) {
    std::vector<std::string> lines;
    std::string elements;
    world().observe([&](const net::World::Message& m) {
      if (m.sent || m.lane == Lane::collective) return;
      lines.push_back(testing::as_line(name(m.peer), name(m.kind), m.size));
      if (m.kind == Kind::blinded) elements.append(m.data, m.data + m.size);
    });
    session(model, [&](protocol::Client& client) { testing::request(client, prompts[i % 2], {3, 4}, positions); });
    world().observe({});
    if (!is(Role::dealer)) continue;
    const std::vector<std::string> want = {"client: request, 64", "client: blinded elements, 192", "client: blinded elements, 32",
                                           "client: blinded elements, 32", "client: stop, 0", "client: end, 0"};
    ASSERT_EQ(lines, want);
    uniformity.begin(i % 2);
    elements = testing::without_constant_bits(elements);
    const auto* at = reinterpret_cast<const std::uint8_t*>(elements.data());
    for (const testing::Field& f : testing::elements(8)) {
      uniformity.values(f.kind, at, f.n, f.k);
      at += f.bytes();
    }
  }
  world().gather_all("");
  if (!is(Role::dealer)) return;
  EXPECT_EQ(uniformity.complaints(), std::vector<std::string>());
  EXPECT_LE(uniformity.tests(), testing::kMostTests);
}

TEST(TheDealer, ReceivesUniformElementsAndNothingElseOfAPrompt) { expect_uniform_elements({{0, 0, 0, 0, 0, 0}, {17, 298, 5, 120, 3, 211}}, 0); }
TEST(TheDealer, ReceivesTheSameOfPaddedPromptsWhateverTheirLength) { expect_uniform_elements({{7, 7}, {17, 298, 5, 120, 3}}, 6); }

}  // namespace
}  // namespace shardlm
