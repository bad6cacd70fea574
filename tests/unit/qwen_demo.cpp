// The demo model as a user meets it: the plaintext engine, the tokenizer and the chat format together, against answers and
// logits that PyTorch gave for the same checkpoint (inputs/demo/evaluate.py made them).
#include "shardlm/qwen/plain.hpp"
#include "shardlm/text/tokenizer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace shardlm {
namespace {

std::string source(const std::string& path) { return std::string(SHARDLM_VECTORS) + "/../../" + path; }

std::vector<nlohmann::json> lines(const std::string& path) {
  std::ifstream file(source(path));
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

class Demo : public testing::Test {
 protected:
  Demo() : model(source("inputs/demo")), tokenizer(model.tokenizer_json()) {}

  std::string answer(const std::string& question) {
    qwen::PlainSession session(model);
    std::vector<text::Token> next = text::chat_prompt(tokenizer, {{"user", question}}, text::default_system(model.chat_template())), said;
    const auto& ends = model.config().end_tokens;
    while (said.size() < 40) {
      const std::vector<float> logits = session.forward(next);
      const text::Token token = text::Token(std::max_element(logits.begin(), logits.end()) - logits.begin());
      if (std::find(ends.begin(), ends.end(), token) != ends.end()) break;
      said.push_back(token);
      next = {token};
    }
    return tokenizer.decode(said);
  }

  qwen::PlainModel model;
  text::Tokenizer tokenizer;
};

TEST_F(Demo, AnswersAtLeast95PercentOfQuestionsPutInWordsItNeverSaw) {
  const std::vector<nlohmann::json> held_out = lines("inputs/demo/held_out.jsonl");
  ASSERT_GE(held_out.size(), 300u);
  std::size_t right = 0, asked = std::min<std::size_t>(held_out.size(), 400);  // they are shuffled
  for (std::size_t i = 0; i < asked; ++i) right += answer(held_out[i]["question"]) == held_out[i]["answer"];
  EXPECT_GE(double(right), 0.95 * double(asked));
}

TEST_F(Demo, GivesTheGreedyAnswersOfPyTorchToAHundredPrompts) {
  const std::vector<nlohmann::json> prompts = lines("inputs/demo/prompts.jsonl");
  ASSERT_EQ(prompts.size(), 100u);
  for (const nlohmann::json& p : prompts) EXPECT_EQ(answer(p["prompt"]), p["answer"].get<std::string>()) << p["prompt"];
}

TEST_F(Demo, GivesTheLogitsOfPyTorch) {
  std::ifstream file(source("tests/vectors/demo_logits.json"));
  const nlohmann::json known = nlohmann::json::parse(file);
  ASSERT_EQ(known["prompts"].size(), 5u);
  for (const nlohmann::json& p : known["prompts"]) {
    const std::vector<text::Token> ids = p["ids"];
    EXPECT_EQ(text::chat_prompt(tokenizer, {{"user", p["question"]}}, text::default_system(model.chat_template())), ids);
    const std::vector<float> want = p["logits"], got = qwen::PlainSession(model).forward(ids);
    ASSERT_EQ(got.size(), want.size());
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
      worst = std::max(worst, double(std::abs(got[i] - want[i])));
      largest = std::max(largest, double(std::abs(want[i])));
    }
    EXPECT_LT(worst, 1e-4 * largest) << p["question"];
  }
}

}  // namespace
}  // namespace shardlm
