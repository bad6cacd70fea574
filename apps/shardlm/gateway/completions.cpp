#include "answering.hpp"
#include "gateway/answered.hpp"
#include "gateway/asked.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/models.hpp"

namespace shardlm::app {
namespace {

using nlohmann::json;

std::vector<text::Token> prompt_of(const Fields& fields, const Site& site) {
  const char* must_be = "a text, a list of one text, or a list of tokens' numbers";
  const json* prompt = fields.find("prompt");
  if (!prompt) fields.missing("prompt", must_be);
  if (prompt->is_string()) return site.tokenizer.encode(prompt->get_ref<const std::string&>());
  if (!prompt->is_array() || prompt->empty()) fields.refuse("prompt", must_be);
  const json& first = prompt->front();
  if (first.is_string() && prompt->size() == 1) return site.tokenizer.encode(first.get_ref<const std::string&>());
  if (first.is_array() && prompt->size() == 1) return tokens_of(first, site, "prompt[0]");
  if (!first.is_number()) fields.refuse("prompt", must_be);
  return tokens_of(*prompt, site, "prompt");
}

json choice(const std::string& text, const json& finish) {
  return json::array({{{"index", 0}, {"text", text}, {"logprobs", nullptr}, {"finish_reason", finish}}});
}

Wording chunks(const json& base, const std::string& protocol, bool usage) {
  const Chunk chunk = chunk_of(base, usage);
  Wording wording = ending_of(chunk, protocol, usage, [](const std::string& reason) { return choice("", reason); });
  wording.piece = [chunk](const Piece& piece) { return chunk(choice(piece.text, nullptr)); };
  return wording;
}

}  // namespace

Reply completions(const Site& site, const Call& call) {
  const json body = parse_object(call.body);
  const Fields fields(body);
  check_supported(fields);
  const auto streaming = streaming_of(fields);
  Job job = job_of(site, fields);
  job.prompt = prompt_of(fields, site);
  set_length(job, site, fields);

  const auto protocol = job.protocol;
  auto ticket = submit(site, std::move(job));
  const json begun = frame(new_id("cmpl-"), "text_completion", body["model"].get<std::string>(), site);
  if (streaming.wanted) return streamed_answer(std::move(ticket), chunks(begun, protocol, streaming.usage), call);

  const auto whole = whole_answer(*ticket, call);
  return whole_reply(begun, choice(whole.text, finish_reason(whole.outcome)), protocol, whole.outcome);
}

}  // namespace shardlm::app
