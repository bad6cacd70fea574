// What each server receives tells it nothing: it is what anyone could write who knows shapes alone. Real requests on four ranks,
// recorded as they arrive. A run of this program raises a false alarm with probability 1.1e-5: 11 settings, 2 servers, 2 sets of statistics
// of at most kMostTests tests each, and kFalseAlarm a test.
#include <signal.h>
#include <sys/resource.h>

#include <set>
#include <unordered_set>

#include "uniformity.hpp"
#include "view.hpp"

namespace shardlm {
namespace {

using net::Role;
using testing::Field;
using testing::is;
using testing::Listed;
using testing::record;
using testing::Recorded;
using testing::Simulator;
using testing::TestModel;
using testing::Tokens;
using testing::Uniformity;
using testing::world;

// Two conversations of one shape that could hardly differ more: one token again and again, and all sorts.
const Tokens kPrompts[] = {{0, 0, 0, 0, 0, 0}, {17, 298, 5, 120, 3, 211}};
const Tokens kFurther[] = {{0, 0}, {99, 250}};
// Two of different lengths, which padding makes one.
const Tokens kShort[] = {{7, 7}, {17, 298, 5, 120, 3}};
constexpr std::size_t kPositions = 6;
constexpr int kRequests = 40;  // of each

class Privacy : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { models_ = new testing::TestModels(test::kSmallModel); }
  static void TearDownTestSuite() {
    world().gather_all("");
    delete models_;
    models_ = nullptr;
  }
  virtual std::string protocol() const { return "v3"; }
  const TestModel& model() const { return models_->of(protocol()); }
  bool padded() const { return testing::is_padded(protocol()); }
  Recorded ask(int which) const { return record(model(), padded() ? kShort[which] : kPrompts[which], kFurther[which], padded() ? kPositions : 0); }
  static bool a_server() { return is(Role::server0) || is(Role::server1); }
  static void feed_difference(Uniformity& uniformity, const char* kind, const testing::Opened& a, const testing::Opened& b) {
    const std::size_t width = bytes_of(a.ring);
    std::vector<std::uint8_t> bytes(a.v.size() * width);
    for (std::size_t j = 0; j < a.v.size(); ++j) {
      const Word difference = low(a.v[j] - b.v[j], a.ring);
      std::memcpy(&bytes[j * width], &difference, width);
    }
    uniformity.values(kind, bytes.data(), a.v.size(), a.ring);
  }
  Listed simulated() const {
    return Simulator::list(model().file().config(), world().role(), kPositions, kFurther[0].size(), 0, true, model().choices(), padded());
  }

 private:
  inline static testing::TestModels* models_ = nullptr;
};

// The same under every protocol, for clients without a model, and for padded prompts.
class EveryView : public Privacy, public ::testing::WithParamInterface<std::string> {
 protected:
  std::string protocol() const override { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(All, EveryView, ::testing::ValuesIn(testing::kProtocols), testing::name_of);
INSTANTIATE_TEST_SUITE_P(WithoutAModel, EveryView, ::testing::ValuesIn(testing::kOblivious), testing::name_of);
INSTANTIATE_TEST_SUITE_P(Padded, EveryView, ::testing::ValuesIn(testing::kPadded), testing::name_of);

TEST_P(EveryView, AServersMessagesAreThoseThatASimulatorListsFromShapesAlone) {
  for (int prompt : {0, 1}) {
    Recorded recorded = ask(prompt);
    if (!a_server()) continue;
    const Listed want = simulated(), got = recorded.list();
    EXPECT_EQ(got.messages, want.messages);
    EXPECT_EQ(got.records, want.records);
    EXPECT_GT(got.records.size(), 100u);
  }
}

TEST_P(EveryView, WhatAServerReceivesIsUniformAndTheSameForTwoPrompts) {
  const Listed listed = a_server() ? simulated() : Listed();
  Uniformity uniformity;
  for (int i = 0; i < 2 * kRequests; ++i) {
    const int prompt = i % 2;
    Recorded recorded = ask(prompt);
    if (!a_server()) continue;
    ASSERT_EQ(recorded.list().messages, listed.messages);
    uniformity.begin(prompt);
    testing::for_each_field(listed, recorded, [&](const Field& f, const std::uint8_t* at) { uniformity.values(f.kind, at, f.n, f.k); });
  }
  if (!a_server()) return;
  EXPECT_EQ(uniformity.complaints(), std::vector<std::string>());
  EXPECT_LE(uniformity.tests(), testing::kMostTests);
  EXPECT_GT(uniformity.tests(), 50);
  EXPECT_GT(uniformity.positions_seen(), 1000000u);
  std::printf("%s: %d tests of %zu bits in each of %d requests\n", name(world().role()), uniformity.tests(), uniformity.positions_seen(),
              2 * kRequests);
}

// Were a mask used for two wires, or in two conversations, then what both servers see would differ by as little as the secrets do.
TEST_P(EveryView, WhatBothServersSeeDiffersUniformlyBetweenWiresAndBetweenConversations) {
  const Listed listed = a_server() ? simulated() : Listed();
  Uniformity uniformity;
  for (int prompt : {0, 1}) {
    std::vector<testing::Opened> before;
    for (int i = 0; i < 21; ++i) {
      Recorded recorded = ask(prompt);
      if (!a_server()) continue;
      recorded.list();
      const std::vector<testing::Opened> now = testing::opened(listed, recorded);
      std::map<std::pair<int, std::size_t>, const testing::Opened*> earlier;  // the last wire of that ring and size
      if (i > 0) uniformity.begin(prompt);
      for (std::size_t w = 0; i > 0 && w < now.size(); ++w) {
        const testing::Opened*& other = earlier[{now[w].ring, now[w].v.size()}];
        if (other) feed_difference(uniformity, "between wires", now[w], *other);
        feed_difference(uniformity, "between conversations", now[w], before[w]);
        other = &now[w];
      }
      before = now;
    }
  }
  if (!a_server()) return;
  EXPECT_EQ(uniformity.complaints(), std::vector<std::string>());
  EXPECT_LE(uniformity.tests(), testing::kMostTests);
  EXPECT_GT(uniformity.tests(), 30);
}

// The same statistic on what a broken protocol would send. x: the prompts' embeddings as the client encodes them.
class Broken : public Privacy {
 protected:
  static constexpr int kRing = 49;
  // `send` makes the value that travels of a secret, its position, and two fresh words.
  template <class F>
  std::vector<std::string> complaints(const F& send) {
    Uniformity uniformity;
    for (int i = 0; i < 2 * kRequests; ++i) {
      const int prompt = i % 2;
      const std::vector<Word> x = secrets(kPrompts[prompt]);
      const std::vector<Word> fresh = testing::known_words(2 * x.size(), 64, 5000 + i);
      std::vector<std::uint8_t> bytes(x.size() * bytes_of(kRing));
      for (std::size_t j = 0; j < x.size(); ++j) {
        const Word sent = send(low(x[j], kRing), j, low(fresh[2 * j], kRing), low(fresh[2 * j + 1], kRing));
        std::memcpy(&bytes[j * bytes_of(kRing)], &sent, bytes_of(kRing));
      }
      uniformity.begin(prompt);
      uniformity.values("openings", bytes.data(), x.size(), kRing);
    }
    return uniformity.complaints();
  }
  static bool mentions(const std::vector<std::string>& complaints, const std::string& part) {
    return std::any_of(complaints.begin(), complaints.end(), [&](const std::string& c) { return c.find(part) != std::string::npos; });
  }

 private:
  std::vector<Word> secrets(const Tokens& tokens) const {
    std::vector<Word> x;
    std::vector<float> row(model().file().config().hidden);
    for (std::int32_t token : tokens) {
      model().file().embedding(std::size_t(token), row.data());
      for (float value : row) x.push_back(encode(value, kResidualScale));
    }
    return x;
  }
};

TEST_F(Broken, AProperMaskPasses) {
  EXPECT_EQ(complaints([](Word x, std::size_t, Word r, Word) { return low(x + r, kRing); }), std::vector<std::string>());
}

TEST_F(Broken, AnUncutCarryIsNoticed) {
  const auto found = complaints([](Word x, std::size_t, Word r, Word s) { return low(x - s, kRing) + r; });
  EXPECT_TRUE(mentions(found, "beyond their ring"));
}

TEST_F(Broken, AnUnmaskedOpeningIsNoticedByEveryStatistic) {
  const auto found = complaints([](Word x, std::size_t, Word, Word) { return x; });
  EXPECT_TRUE(mentions(found, "prompt 0, against uniform"));
  EXPECT_TRUE(mentions(found, "prompt 1, against uniform"));
  EXPECT_TRUE(mentions(found, "top bits, ring 49, between the prompts"));
  EXPECT_TRUE(mentions(found, "a bit's frequency: off"));
  EXPECT_TRUE(mentions(found, "a bit's frequency between the prompts: off"));
}

TEST_F(Broken, AMaskOfTooFewBitsIsNoticed) {
  EXPECT_TRUE(mentions(complaints([](Word x, std::size_t, Word r, Word) { return low(x + (r >> 2), kRing); }), "against uniform"));
}

TEST_F(Broken, OneValueInAHundredWithoutItsMaskIsNoticed) {
  EXPECT_TRUE(mentions(complaints([](Word x, std::size_t j, Word r, Word) { return j % 100 == 7 ? x : low(x + r, kRing); }),
                       "a bit's frequency: off"));
}

TEST_F(Broken, OneMaskThatIsUsedInEveryRequestIsNoticed) {
  const auto found = complaints([](Word x, std::size_t j, Word r, Word) { return low(x + (j == 11 ? 0x123456789abcd : r), kRing); });
  EXPECT_TRUE(mentions(found, "a bit's frequency: off"));
  EXPECT_FALSE(mentions(found, "against uniform"));  // one value among thousands: only its position gives it away
}

// The windows of a view's values, each of as many as hold 128 bits: 16 bytes of dense ones, more where values leave bits unused.
// Two of different conversations are equal by chance with probability 2^-128 a pair, and one of the hashes below with 2^-64: at
// most 2^36 pairs here, so below 4e-9.
using Windows = std::unordered_set<std::uint64_t>;

std::uint64_t hash_of(int k, const std::uint8_t* at, std::size_t bytes) {
  return std::hash<std::string>()(std::string(1, char(k)) + std::string(reinterpret_cast<const char*>(at), bytes));
}

template <class F>
void for_each_window(const Listed& listed, const Recorded& recorded, bool every, const F& f) {
  testing::for_each_field(listed, recorded, [&](const Field& field, const std::uint8_t* at) {
    const std::size_t width = bytes_of(field.k), values = (128 + field.k - 1) / field.k;
    for (std::size_t i = 0; i + values <= field.n; i += every ? 1 : values) f(hash_of(field.k, at + i * width, values * width));
  });
}

std::size_t common_windows(const Listed& listed, const Recorded& a, const Recorded& b) {
  Windows seen;
  std::size_t common = 0;
  for_each_window(listed, a, false, [&](std::uint64_t window) { seen.insert(window); });
  for_each_window(listed, b, true, [&](std::uint64_t window) { common += seen.count(window); });
  return common;
}

TEST_P(EveryView, TwoConversationsShareNoMaskKeyOrWord) {
  Recorded one = ask(0), two = ask(0);
  if (!a_server()) return;
  one.list();
  two.list();
  const Listed listed = simulated();
  EXPECT_EQ(common_windows(listed, one, two), 0u);
  EXPECT_EQ(common_windows(listed, two, one), 0u);

  // Nor does one conversation use anything twice.
  std::size_t windows = 0;
  Windows seen;
  for_each_window(listed, one, false, [&](std::uint64_t window) {
    ++windows;
    seen.insert(window);
  });
  EXPECT_EQ(seen.size(), windows);
  EXPECT_GT(windows, 10000u);

  // A single piece that did come again would be found: four words of a DPF's seeds.
  for (std::size_t i = 0; i < listed.fields.size(); ++i) {
    if (listed.fields[i].empty() || listed.fields[i][0].kind != "DPF seeds and leaves") continue;
    two.payload(i).replace(64, 16, one.payload(i), 128, 16);
    break;
  }
  EXPECT_EQ(common_windows(listed, one, two), 1u);
}

// K0, K1, K01 and the client's keys of two conversations: each is its own.
TEST_F(Privacy, EveryKeyIsADifferentOne) {
  std::string mine;
  world().observe([&](const net::World::Message& m) {
    const bool a_key = m.kind == net::Kind::key || (m.kind == net::Kind::embedding && is(Role::server0));
    if (!m.sent && a_key) mine.append(m.data, m.data + sizeof(crypto::Key));
  });
  for (int i : {0, 1}) testing::session(model(), [&](protocol::Client& client) { testing::request(client, kPrompts[i], kFurther[i]); });
  world().observe({});
  std::vector<std::string> keys;
  for (const std::string& part : world().gather_all(mine))
    for (std::size_t at = 0; at < part.size(); at += sizeof(crypto::Key)) keys.push_back(part.substr(at, sizeof(crypto::Key)));
  EXPECT_EQ(keys.size(), 2 * (3 + 3u));  // K0, K1, K01, and the client's key of each of three steps
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
}

// The kernel refuses every write to a regular file, and tells: no rank writes any while it answers.
class NoFiles {
 public:
  NoFiles() {
    written() = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { written() = written() + 1; };
    sigaction(SIGXFSZ, &action, &handler_);
    getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit none{0, limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~NoFiles() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    sigaction(SIGXFSZ, &handler_, nullptr);
  }
  static volatile sig_atomic_t& written() {
    static volatile sig_atomic_t count = 0;
    return count;
  }

 private:
  struct sigaction handler_ {};
  rlimit limit_{};
};

// Where a program that wants to write a file without being told to would put it.
class Inside {
 public:
  explicit Inside(const std::string& folder) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
    for (const char* variable : {"HOME", "TMPDIR"}) {
      const char* value = std::getenv(variable);
      values_.emplace_back(variable, value ? value : "");
      setenv(variable, folder.c_str(), 1);
    }
  }
  ~Inside() {
    std::filesystem::current_path(before_);
    for (const auto& [variable, value] : values_) {
      if (value.empty())
        unsetenv(variable.c_str());
      else
        setenv(variable.c_str(), value.c_str(), 1);
    }
  }

 private:
  std::filesystem::path before_;
  std::vector<std::pair<std::string, std::string>> values_;
};

TEST_F(Privacy, NoRankWritesAFileWhileItAnswers) {
  const test::TemporaryFolder folder;
  const Inside inside(folder.path());
  {
    const NoFiles no_files;
    record(model(), kPrompts[1], kFurther[1]);
    EXPECT_EQ(NoFiles::written(), 0);
    std::ofstream(folder / "secret") << "a share" << std::flush;  // what would be noticed
    EXPECT_GT(NoFiles::written(), 0);
  }
  std::filesystem::remove(folder / "secret");
  EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace shardlm
