#include "gateway/answered.hpp"
#include "gateway/asked.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/errors.hpp"
#include "gateway/models.hpp"
#include "gateway/sights.hpp"

namespace shardlm::app {
namespace {

using nlohmann::json;

std::string content_of(const Fields& message) {
  const char* must_be = "a text or a list of {\"type\": \"text\", \"text\": ...} parts";
  const json* content = message.find("content");
  if (!content) message.missing("content", must_be);
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) message.refuse("content", must_be);
  std::string text;
  for (const auto& part : *content) {
    const bool fine = part.is_object() && part.contains("type") && part["type"] == "text" && part.contains("text") && part["text"].is_string();
    if (!fine)
      throw ApiError(400, message.path("content") + " may hold parts of text only, as {\"type\": \"text\", \"text\": ...}.", message.path("content"),
                     "unsupported_value");
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

std::string role_of(const Fields& message) {
  const char* must_be = "\"system\", \"developer\", \"user\" or \"assistant\"";
  const auto role = message.string("role");
  if (!role) message.missing("role", must_be);
  if (*role == "developer") return "system";
  if (*role != "system" && *role != "user" && *role != "assistant") message.refuse("role", must_be);
  return *role;
}

std::vector<text::Message> messages_of(const Fields& fields) {
  const char* must_be = "a list of at least one message";
  const json* list = fields.array("messages");
  if (!list) fields.missing("messages", must_be);
  if (list->empty()) fields.refuse("messages", must_be);
  std::vector<text::Message> messages;
  for (const auto& entry : *list) {
    const auto path = "messages[" + std::to_string(messages.size()) + "]";
    if (!entry.is_object()) throw ApiError(400, path + " must be an object, not " + shown(entry) + ".", path, "invalid_value");
    const Fields message(entry, path);
    messages.push_back({role_of(message), content_of(message)});
  }
  return messages;
}

json choice(const json& delta, const json& finish) {
  return json::array({{{"index", 0}, {"delta", delta}, {"logprobs", nullptr}, {"finish_reason", finish}}});
}

Wording chunks(const json& base, const std::string& protocol, bool show, bool usage) {
  const Chunk chunk = chunk_of(base, usage);
  Wording wording = ending_of(chunk, protocol, usage, [](const std::string& reason) { return choice(json::object(), reason); });
  wording.first = [chunk] { return chunk(choice({{"role", "assistant"}, {"content", ""}}, nullptr)); };
  wording.piece = [chunk, show](const Piece& piece) {
    json said = chunk(choice({{"content", piece.text}}, nullptr));
    if (show) said["shardlm"] = {{"tokens", piece.tokens}, {"sights", sights_of(piece.sights)}};
    return said;
  };
  return wording;
}

}  // namespace

Reply chat_completions(const Site& site, const Call& call) {
  const json body = parse_object(call.body);
  const Fields fields(body);
  check_supported(fields);
  const auto streaming = streaming_of(fields);
  Job job = job_of(site, fields);
  job.show = streaming.show;
  job.prompt = text::chat_prompt(site.tokenizer, messages_of(fields), site.settings.default_system);
  set_length(job, site, fields, "max_completion_tokens", "max_tokens");

  const auto protocol = job.protocol, id = new_id("chatcmpl-"), model = body["model"].get<std::string>();
  auto ticket = submit(site, std::move(job));
  if (streaming.wanted) return streamed_answer(std::move(ticket), chunks(frame(id, "chat.completion.chunk", model, site), protocol, streaming.show, streaming.usage), call);

  const auto whole = whole_answer(*ticket, call);
  return whole_reply(frame(id, "chat.completion", model, site),
                     json::array({{{"index", 0},
                                   {"message", {{"role", "assistant"}, {"content", whole.text}, {"refusal", nullptr}}},
                                   {"logprobs", nullptr},
                                   {"finish_reason", finish_reason(whole.outcome)}}}),
                     protocol, whole.outcome);
}

}  // namespace shardlm::app
