#include "check.hpp"

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bounds.hpp"
#include "logit_distance.hpp"
#include "prompts_file.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

// Every prompt and what the model goes on with.
qwen::Ranges measure(const qwen::PlainModel& model, const std::vector<PromptLine>& prompts, std::size_t further) {
  qwen::Ranges ranges;
  for (const PromptLine& prompt : prompts) {
    qwen::PlainSession session(model);
    std::vector<float> logits = session.forward(prompt.tokens, &ranges);
    const auto room = std::min(further, model.config().max_positions - session.length());
    for (std::size_t i = 0; i < room; ++i) logits = session.forward({likeliest(logits)}, &ranges);
  }
  return ranges;
}

void print_table(const std::vector<Bound>& bounds, const qwen::Ranges& ranges) {
  const auto row = [&](const char* name, const auto& cell) {
    std::printf("%-6s", name);
    for (const Bound& bound : bounds) std::printf(" %14s", cell(bound).c_str());
    std::printf("\n");
  };
  const auto number = [](double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.5g", x);
    return std::string(text);
  };
  row("layer", [](const Bound& b) { return std::string(b.name); });
  for (std::size_t i = 0; i < ranges.layers.size(); ++i)
    row(std::to_string(i).c_str(), [&](const Bound& b) { return number(ranges.layers[i].*b.value); });
  std::printf("%-6s %14s   the residual after the last layer\n", "end", number(ranges.last_norm).c_str());
  row("bound", [&](const Bound& b) { return number(b.bound); });
  row("margin", [&](const Bound& b) {
    double most = b.value == &qwen::LayerRange::row_norm ? ranges.last_norm : 0;
    for (const qwen::LayerRange& layer : ranges.layers) most = std::max(most, double(layer.*b.value));
    return number(b.bound / most) + " x";
  });
}

void print_json(const std::vector<Bound>& bounds, const qwen::Ranges& ranges, const Tightest& worst) {
  nlohmann::ordered_json j;
  for (const Bound& bound : bounds) {
    j[bound.name]["bound"] = bound.bound;
    for (const qwen::LayerRange& layer : ranges.layers) j[bound.name]["layers"].push_back(layer.*bound.value);
  }
  j["row norm"]["end"] = ranges.last_norm;
  j["least_margin"] = worst.margin;
  std::printf("%s\n", j.dump(1).c_str());
}

std::string sentence(const std::vector<Bound>& bounds, const qwen::Ranges& ranges, const Tightest& worst) {
  const Bound& bound = bounds[worst.bound];
  const std::string where = worst.layer < ranges.layers.size() ? "in layer " + std::to_string(worst.layer) : "after the last layer";
  char numbers[120];
  std::snprintf(numbers, sizeof numbers, "comes to %.5g, and the protocol holds values below %.5g (%.2f times as much): ", worst.value,
                bound.bound, worst.margin);
  return std::string(bound.name) + " " + where + " " + numbers + bound.widen;
}

}  // namespace

int check(const CheckOptions& o) {
  int argc = 0;
  const Kokkos::ScopeGuard kokkos(argc, nullptr);
  const qwen::PlainModel model(o.model);
  const text::Tokenizer tokenizer(model.tokenizer_json());
  const auto prompts =
      o.prompts.empty() ? sample_prompts(tokenizer, model.chat_template()) : read_prompts(o.prompts, tokenizer, model.chat_template());
  const qwen::Ranges ranges = measure(model, prompts, o.tokens);
  const std::vector<Bound> all = bounds(model.config());
  const Tightest worst = tightest(all, ranges);
  if (o.json)
    print_json(all, ranges, worst);
  else
    print_table(all, ranges);
  if (!o.json) std::printf("the least margin is %.3g, of %s; at least %.3g is asked for\n", worst.margin, all[worst.bound].name, o.least_margin);
  if (std::fflush(stdout) != 0) throw Error("cannot write the table to standard output");
  if (!(worst.margin >= o.least_margin)) throw Error(sentence(all, ranges, worst));
  return 0;
}

}  // namespace shardlm::app
