#include "references.hpp"

#include <algorithm>

#include "answering.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/qwen/plain.hpp"

namespace shardlm::app {
namespace {

void check_fits(const io::ModelConfig& c, const PromptLine& prompt, std::size_t forced) {
  if (prompt.tokens.size() + forced > c.max_positions)
    throw Error("the prompt '" + prompt.text.substr(0, 30) + "' and " + std::to_string(forced) + " more tokens do not fit the model's " +
                std::to_string(c.max_positions) + " positions");
  check_vocabulary(prompt.tokens, c.vocabulary);
}

// Takes the likeliest token each time.
void run_exact(const qwen::PlainModel& model, std::size_t forced, Reference& r) {
  qwen::PlainSession session(model);
  r.logits.push_back(session.forward(r.prompt.tokens));
  for (std::size_t i = 0; i < forced; ++i) {
    r.forced.push_back(likeliest(r.logits.back()));
    r.logits.push_back(session.forward({r.forced.back()}));
  }
}

void run_rounded(const qwen::PlainModel& model, Reference& r) {
  qwen::PlainSession session(model);
  r.bfloat16.push_back(distance(r.logits[0], session.forward(r.prompt.tokens)));
  for (std::size_t i = 0; i < r.forced.size(); ++i) r.bfloat16.push_back(distance(r.logits[i + 1], session.forward({r.forced[i]})));
}

}  // namespace

// One model after the other, so that only one is in memory.
std::vector<Reference> make_references(const std::string& path, const std::vector<PromptLine>& prompts, std::size_t forced, bool bfloat16) {
  std::vector<Reference> references;
  {
    const qwen::PlainModel model(path);
    for (const PromptLine& prompt : prompts) check_fits(model.config(), prompt, forced);
    for (const PromptLine& prompt : prompts) {
      references.push_back({prompt, {}, {}, {}});
      run_exact(model, forced, references.back());
    }
  }
  if (bfloat16) {
    const qwen::PlainModel model(path, qwen::Precision::bfloat16);
    for (Reference& r : references) run_rounded(model, r);
  }
  return references;
}

}  // namespace shardlm::app
