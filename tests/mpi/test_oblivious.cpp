// Clients without a model, on four ranks: their answers are right, what they ask says nothing, and what is wrong is refused by name.
// (Rows alone: test_oblivious_rows. What a server receives in whole requests: test_privacy.)
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/protocol/messages.hpp"
#include "uniformity.hpp"
#include "view.hpp"

namespace shardlm {
namespace {

using net::Kind;
using net::Lane;
using net::Role;
using test::refusal;
using test::says;
using testing::is;
using testing::relative_error;
using testing::session;
using testing::TestModel;
using testing::Tokens;
using testing::world;

// The settings in which the client has no model.
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
  const protocol::Announcement wrong[] = {{3, 2, 0, 0, 2, engine, other, 0}, {3, 2, 0, 0, 2, engine, 9, 0}, {3, 2, 0, 0, 2, engine, embedding, 2, 0}, {3, 2, 0, 0, 2, engine, embedding, 0, 2}};
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
    const std::vector<std::string> want = {"client: request, 72", "client: blinded elements, 192", "client: blinded elements, 32",
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
