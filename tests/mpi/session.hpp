// What tests of whole requests share: a model that all four ranks open, and sessions in which the client asks and the other
// three serve as the program has them serve.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>

#include "../unit/io_files.hpp"
#include "four_ranks.hpp"
#include "shardlm/ot/table.hpp"
#include "shardlm/protocol/presets.hpp"
#include "shardlm/protocol/session.hpp"
#include "shardlm/qwen/plain.hpp"
#include "shardlm/qwen/share_model.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::testing {

using Tokens = std::vector<std::int32_t>;
using Logits = std::vector<float>;

inline bool is(net::Role role) { return world().role() == role; }

// The demo checkpoint, which the source tree holds.
inline std::string demo_folder() {
  const char* source = std::getenv("SHARDLM_SOURCE_DIR");
  return std::string(source ? source : ".") + "/inputs/demo";
}

// "v3-mpc", or with another embedding than the protocol's own "v3-mpc+ot", or with a padded prompt "v3-mpc padded".
inline bool is_padded(const std::string& setting) { return setting.find(" padded") != std::string::npos; }
inline protocol::Choices choices_of(const std::string& whole) {
  const std::string setting = whole.substr(0, whole.find(' '));
  const std::size_t plus = setting.find('+');
  protocol::Choices choices = protocol::preset(setting.substr(0, plus));
  if (plus != std::string::npos) choices.embedding = protocol::embedding(setting.substr(plus + 1));
  return choices;
}

// A checkpoint as model.h5, which the client writes into a folder of its own and every rank opens; where weights are secret as a
// share set too, of which each rank opens its file to compute with; where the client has no model, what it has instead.
class TestModel {
 public:
  explicit TestModel(const std::string& checkpoint, const std::string& setting = "v3") : choices_(choices_of(setting)) {
    const test::CacheFolder verify_always;
    const bool ot = choices_.embedding == protocol::Embedding::ot, dpf = choices_.embedding == protocol::Embedding::dpf;
    if (is(net::Role::client)) {
      folder_ = std::make_unique<test::TemporaryFolder>();
      io::convert(checkpoint, *folder_ / "model.h5", {});
      if (choices_.secret_weights) qwen::share_model(*folder_ / "model.h5", *folder_ / "shares", {});
      if (ot) ot::make_table(*folder_ / "model.h5", *folder_ / "ot", {});
      if (dpf) io::write_texts(*folder_ / "model.h5", *folder_ / "texts.h5");
    }
    path_ = world().gather_all(folder_ ? *folder_ / "model.h5" : std::string())[0];
    file_ = std::make_unique<io::ModelFile>(path_);
    const std::string folder = path_.substr(0, path_.rfind('/')) + "/";
    if (choices_.secret_weights)
      open_shares(folder + "shares/");
    else
      model_ = std::make_unique<qwen::Model>(*file_);
    if (is(net::Role::client) && ot) clients_ = std::make_unique<io::ModelFile>(folder + "ot/table.h5", io::ModelPart::sealed);
    if (is(net::Role::client) && dpf) clients_ = std::make_unique<io::ModelFile>(folder + "texts.h5", io::ModelPart::texts);
    if (ot && world().role() == protocol::key_holder(choices_)) key_ = std::make_unique<ot::PrivateKey>(ot::key_of(io::KeyFile(folder + "ot/key.h5")));
  }

  const std::string& path() const { return path_; }
  const io::ModelFile& file() const { return *file_; }
  const qwen::Model& model() const { return *model_; }
  const protocol::Choices& choices() const { return choices_; }
  const io::ModelFile& clients() const { return clients_ ? *clients_ : *file_; }  // what the client asks with
  protocol::ServeOptions serving(protocol::ServeOptions options) const {
    options.embeddings = {choices_.embedding};
    options.key = key_.get();
    if (choices_.embedding == protocol::Embedding::dpf && !is(net::Role::dealer)) options.table = file_.get();
    return options;
  }
  qwen::Model shapes() const { return qwen::Model(file_->config(), choices_.secret_weights); }

 private:
  void open_shares(const std::string& folder) {
    if (is(net::Role::dealer)) {
      dealer_ = std::make_unique<io::ModelFile>(folder + "dealer.h5", io::ModelPart::dealer);
      model_ = std::make_unique<qwen::Model>(*dealer_, true);
    }
    for (int server : {0, 1})
      if (world().role() == (server == 0 ? net::Role::server0 : net::Role::server1)) {
        share_ = std::make_unique<io::ServerShare>(folder + "server" + std::to_string(server) + ".h5", server);
        model_ = std::make_unique<qwen::Model>(*share_, server);
      }
  }

  protocol::Choices choices_;
  std::unique_ptr<test::TemporaryFolder> folder_;
  std::string path_;
  std::unique_ptr<io::ModelFile> file_, dealer_, clients_;
  std::unique_ptr<ot::PrivateKey> key_;
  std::unique_ptr<io::ServerShare> share_;
  std::unique_ptr<qwen::Model> model_;
};

// The protocols that a test of all of them runs.
inline const std::string kProtocols[] = {"v2", "v3", "v3-mpc"};
// Clients without a model.
inline const std::string kOblivious[] = {"v3-ot", "v3+dpf", "v3-mpc+ot"};
inline const std::string kPadded[] = {"v2 padded", "v3 padded", "v3-mpc padded", "v3-ot padded", "v3+dpf padded"};
inline std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  name.erase(std::remove_if(name.begin(), name.end(), [](char c) { return c == '-' || c == '+' || c == ' '; }), name.end());
  return name;
}

// A checkpoint under each protocol, made when it is first asked for.
class TestModels {
 public:
  explicit TestModels(std::string checkpoint) : checkpoint_(std::move(checkpoint)) {}
  const TestModel& of(const std::string& protocol) {
    std::unique_ptr<TestModel>& model = models_[protocol];
    if (!model) model = std::make_unique<TestModel>(checkpoint_, protocol);
    return *model;
  }

 private:
  std::string checkpoint_;
  std::map<std::string, std::unique_ptr<TestModel>> models_;
};

// Tests on the demo model, which is opened once for all of them.
class OnTheDemo : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = new TestModel(demo_folder()); }
  static void TearDownTestSuite() {
    world().gather_all("");  // the client's folder goes with its model
    delete model_;
    model_ = nullptr;
  }
  static const TestModel& model() { return *model_; }
  static std::size_t vocabulary() { return model().file().config().vocabulary; }

 private:
  inline static TestModel* model_ = nullptr;
};

// Tests on the demo model under each of several settings, each made when it is first asked for.
class OnEverySetting : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { models_ = new TestModels(demo_folder()); }
  static void TearDownTestSuite() {
    world().gather_all("");  // the client's folders go with its models
    delete models_;
    models_ = nullptr;
  }
  static const TestModel& model() { return models_->of(GetParam()); }
  static std::size_t vocabulary() { return model().file().config().vocabulary; }

 private:
  inline static TestModels* models_ = nullptr;
};

// One session: `client` asks on rank 0, the others answer until it is through. A rank that fails tells the others.
template <class F>
void session(const TestModel& model, const F& client, const protocol::ServeOptions& options = {}) {
  try {
    if (is(net::Role::client)) {
      protocol::Client asking(world(), model.clients(), model.choices());
      client(asking);
      asking.end();
    } else {
      protocol::serve(world(), model.model(), model.serving(options));
    }
  } catch (const std::exception& problem) {
    world().fail(problem.what());
    throw;
  }
}

// One request: the logits after the prompt and after each further token.
struct Answered {
  std::vector<Logits> logits;
  std::array<protocol::Report, net::kParties> reports;
};
// positions: that the prompt takes, with its padding; 0: as many as it has tokens, without.
inline Answered request(protocol::Client& client, const Tokens& prompt, const Tokens& further = {}, std::size_t positions = 0) {
  Answered answered;
  protocol::Lengths lengths;
  lengths.prompt = positions ? positions : prompt.size();
  lengths.decode = further.size();
  lengths.padded = positions > 0;
  client.announce(lengths);
  answered.logits.push_back(client.step(prompt));
  for (std::int32_t token : further) answered.logits.push_back(client.step({token}));
  answered.reports = client.finish();
  return answered;
}

// Root mean square of the difference, relative to that of the wanted logits around their mean: 0.01 is one per cent.
inline double relative_error(const Logits& got, const Logits& want) {
  EXPECT_EQ(got.size(), want.size());
  double difference = 0, mean = 0, spread = 0;
  for (float w : want) mean += double(w) / double(want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    difference += (double(got[i]) - want[i]) * (double(got[i]) - want[i]);
    spread += (want[i] - mean) * (want[i] - mean);
  }
  return std::sqrt(difference / spread);
}

inline std::int32_t best(const Logits& logits) { return std::int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin()); }

// Tokens without meaning, the same on every rank.
inline Tokens some_tokens(std::size_t n, std::size_t vocabulary, std::uint32_t seed) {
  Tokens tokens;
  for (Word w : known_words(n, 32, seed)) tokens.push_back(std::int32_t(w % vocabulary));
  return tokens;
}

// The demo's questions, as the program puts them to the model.
inline std::vector<Tokens> demo_prompts(const io::ModelFile& file, std::size_t most) {
  const text::Tokenizer tokenizer(file.tokenizer_json());
  std::ifstream lines(demo_folder() + "/prompts.jsonl");
  std::vector<Tokens> prompts;
  for (std::string line; prompts.size() < most && std::getline(lines, line);)
    prompts.push_back(text::chat_prompt(tokenizer, {{"user", nlohmann::json::parse(line).at("prompt").get<std::string>()}},
                                        text::default_system(file.chat_template())));
  return prompts;
}

}  // namespace shardlm::testing
