#include "answering.hpp"
#include "gateway/answered.hpp"
#include "gateway/asked.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/errors.hpp"
#include "gateway/models.hpp"

namespace shardlm::app {
namespace {

using nlohmann::json;

const std::vector<std::pair<std::string, std::string>>& paths() {
  static const std::vector<std::pair<std::string, std::string>> paths{{"v2", "/v2/secure/gpu/prefill_v2"}, {"v3", "/v2/secure/gpu/prefill_v3"},
                                                                      {"v3-ot", "/v3/ot/prefill"}, {"v3-mpc", "/v3/mpc/prefill"}, {"v3-cc", "/v3/cc/prefill"}};
  return paths;
}

std::string protocol_of(const std::string& asked) {
  for (const auto& [protocol, path] : paths())
    if (path == asked) return protocol;
  throw of_status(404);
}

std::vector<text::Token> prompt_of(const Fields& fields, const Site& site) {
  const auto text = fields.string("text");
  const json* ids = fields.array("token_ids");
  const bool chat = fields.boolean("chat").value_or(false);
  if (!text == !ids) throw ApiError(400, "The prompt must be given as \"text\" or as \"token_ids\": one of the two.", ids ? "token_ids" : "text", "invalid_value");
  if (ids && chat) throw ApiError(400, "chat puts a text into the chat template; it cannot do so with token_ids.", "chat", "invalid_value");
  if (ids) return tokens_of(*ids, site, "token_ids");
  return chat ? text::chat_prompt(site.tokenizer, {{"user", *text}}, site.settings.default_system) : site.tokenizer.encode(*text);
}

json token(const Site& site, text::Token id) {
  text::Utf8Stream whole;
  std::string text = whole.push(site.tokenizer.decode({id}, true));
  return {{"id", id}, {"text", text + whole.flush()}};
}

}  // namespace

std::string prefill_path(const std::string& protocol) {
  for (const auto& [name, path] : paths())
    if (name == protocol) return path;
  return "";
}

Reply prefill(const Site& site, const Call& call) {
  Job job;
  job.protocol = protocol_of(call.path);
  check_loaded(site.settings, job.protocol, "");
  const json body = parse_object(call.body);
  const Fields fields(body);
  job.sampling = sampling_of(fields, 0);
  job.top = static_cast<std::size_t>(fields.integer("top", 0, 100).value_or(10));
  job.prompt = prompt_of(fields, site);
  job.most = static_cast<std::size_t>(fields.integer("max_tokens", 1, static_cast<std::int64_t>(site.settings.max_tokens)).value_or(1));
  set_length(job, site, Fields(json{{"max_tokens", job.most}}));

  const auto protocol = job.protocol;
  const auto ticket = submit(site, std::move(job));
  const auto whole = whole_answer(*ticket, call);
  json answer = costs_of(protocol, whole.outcome);
  answer["prompt_tokens"] = whole.outcome.prompt_tokens;
  answer["completion_tokens"] = whole.outcome.answer_tokens;
  answer["next_token"] = whole.outcome.first ? token(site, *whole.outcome.first) : json();
  answer["top_logits"] = json::array();
  for (const auto& [id, logit] : whole.outcome.top) {
    answer["top_logits"].push_back(token(site, id));
    answer["top_logits"].back()["logit"] = logit;
  }
  answer["text"] = whole.text;
  answer["finish_reason"] = finish_reason(whole.outcome);
  return {200, text_of(answer)};
}

}  // namespace shardlm::app
