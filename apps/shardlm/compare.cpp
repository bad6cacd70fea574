#include "compare.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "choices.hpp"
#include "job.hpp"
#include "references.hpp"

namespace shardlm::app {
namespace {

using Distances = std::vector<LogitDistance>;

// One prompt's distances, a pass each.
struct Compared {
  const Reference* reference;
  std::vector<Distances> passes;

  Distances all() const {
    Distances joined;
    for (const Distances& pass : passes) joined.insert(joined.end(), pass.begin(), pass.end());
    return joined;
  }
  // Of the passes' rms: the largest and the median.
  std::pair<double, double> spread() const {
    std::vector<double> rms;
    for (const Distances& pass : passes) rms.push_back(summarise(pass).rms);
    std::sort(rms.begin(), rms.end());
    return {rms.back(), rms[rms.size() / 2]};
  }
};

Distances run_private(protocol::Client& client, const Reference& r, const CompareOptions& o) {
  Distances distances;
  client.announce(lengths(o, r.prompt.tokens.size(), r.forced.size()));
  distances.push_back(distance(r.logits[0], client.step(r.prompt.tokens)));
  for (std::size_t i = 0; i < r.forced.size(); ++i) distances.push_back(distance(r.logits[i + 1], client.step({r.forced[i]})));
  client.finish();
  return distances;
}

// The prompt's beginning on one line, in whole characters.
std::string beginning(const std::string& text) {
  constexpr std::size_t kBytes = 24;
  std::string line;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts && line.size() >= kBytes) break;
    line += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return line;
}

void print_head(bool bfloat16) {
  std::printf("%7s %9s %8s %9s %9s %9s%s  %s\n", "tokens", "positions", "same top", "rms", "largest", "mean KL",
              bfloat16 ? "  rms bf16 times" : "", "prompt");
}

void print_row(const std::string& tokens, const DistanceSummary& s, const DistanceSummary* rounded, const std::string& text) {
  std::printf("%7s %9zu %8zu %9.2e %9.2e %9.2e", tokens.c_str(), s.positions, s.same_top, s.rms, s.largest, s.kl);
  if (rounded != nullptr) std::printf(" %9.2e %5.1f", rounded->rms, s.rms > 0 ? rounded->rms / s.rms : 0);
  std::printf("  %s\n", text.c_str());
  std::fflush(stdout);
}

void print(const Compared& c, bool bfloat16) {
  const DistanceSummary rounded = summarise(c.reference->bfloat16);
  print_row(std::to_string(c.reference->prompt.tokens.size()), summarise(c.all()), bfloat16 ? &rounded : nullptr,
            beginning(c.reference->prompt.text));
}

Distances joined(const std::vector<Compared>& compared, bool bfloat16) {
  Distances all;
  for (const Compared& c : compared) {
    const Distances some = bfloat16 ? c.reference->bfloat16 : c.all();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

void print_all(const std::vector<Compared>& compared, bool bfloat16) {
  const DistanceSummary all = summarise(joined(compared, false)), rounded = summarise(joined(compared, true));
  print_row("all", all, bfloat16 ? &rounded : nullptr, "");
  if (all.same_top < all.positions)
    std::printf("where the likeliest token differs, the plaintext engine preferred its own by at most %.3g\n", all.widest_lost_lead);
  for (const Compared& c : compared)
    if (c.passes.size() > 1)
      std::printf("%zu passes of '%s': rms at most %.2e, median %.2e\n", c.passes.size(), beginning(c.reference->prompt.text).c_str(),
                  c.spread().first, c.spread().second);
}

nlohmann::ordered_json json_of(const DistanceSummary& s) {
  return {{"positions", s.positions},
          {"same_top", s.same_top},
          {"rms", s.rms},
          {"largest", s.largest},
          {"mean_kl", s.kl},
          {"largest_kl", s.largest_kl},
          {"widest_lost_lead", s.widest_lost_lead}};
}

nlohmann::ordered_json json_of(const Compared& c, bool bfloat16) {
  nlohmann::ordered_json j{
      {"prompt", c.reference->prompt.text}, {"prompt_tokens", c.reference->prompt.tokens.size()}, {"forced", c.reference->forced}};
  j["private"] = json_of(summarise(c.all()));
  j["private"]["passes"] = c.passes.size();
  j["private"]["largest_pass_rms"] = c.spread().first;
  j["private"]["median_pass_rms"] = c.spread().second;
  if (bfloat16) j["bfloat16"] = json_of(summarise(c.reference->bfloat16));
  for (const LogitDistance& d : c.passes[0])
    j["first_pass"].push_back({{"rms", d.rms}, {"largest", d.largest}, {"kl", d.kl}, {"same_top", d.same_top}, {"lead", d.lead}});
  return j;
}

void print_json(const std::vector<Compared>& compared, const CompareOptions& o) {
  nlohmann::ordered_json j{{"model", o.model}, {"reference", o.reference.empty() ? o.model : o.reference}};
  j["all"]["private"] = json_of(summarise(joined(compared, false)));
  if (o.bfloat16) j["all"]["bfloat16"] = json_of(summarise(joined(compared, true)));
  for (const Compared& c : compared) j["prompts"].push_back(json_of(c, o.bfloat16));
  std::printf("%s\n", j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void run(protocol::Client& client, const std::vector<Reference>& references, const CompareOptions& o) {
  if (!o.json) print_head(o.bfloat16);
  std::vector<Compared> compared;
  for (const Reference& r : references) {
    compared.push_back({&r, {}});
    for (std::size_t pass = 0; pass < o.passes; ++pass) compared.back().passes.push_back(run_private(client, r, o));
    if (!o.json) print(compared.back(), o.bfloat16);
  }
  if (o.json)
    print_json(compared, o);
  else
    print_all(compared, o.bfloat16);
  if (std::fflush(stdout) != 0) throw Error("cannot write the comparison to standard output");
}

}  // namespace

int compare(const CompareOptions& o, const std::string& trouble) {
  std::vector<PromptLine> prompts;
  ClientPart part;
  part.prepare = [&](const io::ModelFile& model) -> Extent {
    const protocol::Choices chosen = choices(o);
    if (o.reference.empty() && (chosen.secret_weights || chosen.embedding != protocol::Embedding::table))
      throw Error("the client has no weights to compare with: give --reference, the model file or the Hugging Face folder that they are from");
    const text::Tokenizer tokenizer(model.tokenizer_json());
    prompts =
        o.prompts.empty() ? sample_prompts(tokenizer, model.chat_template()) : read_prompts(o.prompts, tokenizer, model.chat_template());
    std::size_t longest = 0;
    for (const PromptLine& prompt : prompts) longest = std::max(longest, positions(o, prompt.tokens.size()));
    return {longest, longest + o.tokens};
  };
  // The other ranks wait for a request as long as it takes.
  part.run = [&](protocol::Client& client, const io::ModelFile& model, double) {
    const std::vector<Reference> references = make_references(o.reference.empty() ? o.model : o.reference, prompts, o.tokens, o.bfloat16);
    if (references[0].logits[0].size() != model.config().vocabulary)
      throw Error("the reference " + o.reference +
                  " has another vocabulary than the model: give the folder that the model file was made from");
    run(client, references, o);
  };
  return on_four_ranks(o, trouble, part);
}

}  // namespace shardlm::app
