#include "gateway/asked.hpp"

#include <algorithm>
#include <cmath>

#include "answering.hpp"
#include "gateway/errors.hpp"
#include "gateway/models.hpp"

namespace shardlm::app {

using nlohmann::json;

text::SamplerOptions sampling_of(const Fields& fields, double temperature) {
  text::SamplerOptions options;
  options.temperature = fields.number("temperature", 0, 2).value_or(temperature);
  options.top_p = fields.number("top_p", 0, 1).value_or(1);
  options.top_k = static_cast<int>(std::max<std::int64_t>(0, fields.integer("top_k", -1, 1 << 24).value_or(0)));  // -1: off, to others
  options.repetition_penalty = fields.number("repetition_penalty", 0.01, 100).value_or(1);
  if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX)) options.seed = static_cast<std::uint64_t>(*seed);
  return options;
}

std::vector<std::string> stops_of(const Fields& fields) {
  const char* must_be = "a text or a list of up to 4 texts, none of them empty";
  const json* stop = fields.find("stop");
  if (!stop) return {};
  const json list = stop->is_array() ? *stop : json::array({*stop});
  std::vector<std::string> stops;
  for (const auto& text : list) {
    if (!text.is_string() || text.get_ref<const std::string&>().empty()) fields.refuse("stop", must_be);
    stops.push_back(text.get<std::string>());
  }
  if (stops.size() > 4) fields.refuse("stop", must_be);
  return stops;
}

namespace {

void refuse_unless(bool fine, const Fields& fields, const char* name, const char* only) {
  if (!fine) throw ApiError(400, fields.path(name) + " can only be " + only + " here.", fields.path(name), "unsupported_value");
}

bool text_format(const json& value) {
  return value.is_object() && value.contains("type") && value["type"] == "text";
}

}  // namespace

void check_supported(const Fields& fields) {
  for (const char* name : {"n", "best_of"})
    if (const json* value = fields.find(name)) refuse_unless(value->is_number() && *value == 1, fields, name, "1");
  for (const char* name : {"presence_penalty", "frequency_penalty", "top_logprobs"})
    if (const json* value = fields.find(name)) refuse_unless(value->is_number() && *value == 0, fields, name, "0");
  for (const char* name : {"logprobs", "echo"})
    if (const json* value = fields.find(name)) refuse_unless(*value == false, fields, name, "false");
  for (const char* name : {"tools", "functions"})
    if (const json* value = fields.find(name)) refuse_unless(*value == json::array(), fields, name, "an empty list");
  if (const json* value = fields.find("logit_bias")) refuse_unless(*value == json::object(), fields, "logit_bias", "empty");
  for (const char* name : {"tool_choice", "function_call"})
    if (const json* value = fields.find(name)) refuse_unless(*value == "none" || *value == "auto", fields, name, "\"none\" or \"auto\"");
  if (const json* format = fields.find("response_format")) refuse_unless(text_format(*format), fields, "response_format", "{\"type\": \"text\"}");
  if (const json* kinds = fields.find("modalities")) refuse_unless(*kinds == json::array({"text"}), fields, "modalities", "[\"text\"]");
  for (const char* name : {"audio", "suffix"})
    if (fields.find(name)) refuse_unless(false, fields, name, "null");
}

Streaming streaming_of(const Fields& fields) {
  Streaming streaming;
  streaming.wanted = fields.boolean("stream").value_or(false);
  if (const auto options = fields.object("stream_options")) streaming.usage = options->boolean("include_usage").value_or(false);
  if (const auto own = fields.object("shardlm")) streaming.show = own->boolean("show").value_or(false) && streaming.wanted;
  return streaming;
}

Job job_of(const Site& site, const Fields& fields) {
  Job job;
  job.protocol = chosen_protocol(site.settings, fields);
  job.sampling = sampling_of(fields);
  job.stop = stops_of(fields);
  return job;
}

void set_length(Job& job, const Site& site, const Fields& fields, const char* named, const char* other) {
  const auto limit = static_cast<std::int64_t>(site.settings.max_tokens);
  auto most = fields.integer(named, 1, limit);
  if (other) {
    const auto second = fields.integer(other, 1, limit);
    if (!most) most = second;
  }
  const auto context = site.settings.context, tokens = job.prompt.size();
  const auto prompt = site.settings.positions ? site.settings.positions(job.protocol, tokens) : tokens;
  if (tokens == 0) throw ApiError(400, "The prompt has no tokens.", "", "empty_prompt");
  const auto wanted = most ? static_cast<std::size_t>(*most) : 1;
  if (prompt > context || wanted > context - prompt)
    throw ApiError(400, "The prompt's " + std::to_string(tokens) + " tokens" + (prompt > tokens ? ", padded to " + std::to_string(prompt) + "," : "") + " and " + std::to_string(wanted) + " of an answer are more than the context of " +
                            std::to_string(context) + " tokens holds.", "", "context_length_exceeded");
  job.most = most ? wanted : std::min(site.settings.max_tokens, context - prompt);
}

std::vector<text::Token> tokens_of(const json& list, const Site& site, const std::string& path) {
  const auto last = std::to_string(site.settings.vocabulary - 1);
  std::vector<text::Token> tokens;
  for (const auto& value : list) {
    // 3.0 is a whole number, too, in JSON.
    const double number = value.is_number() ? value.get<double>() : -1;
    if (number < 0 || number != std::floor(number) || number >= static_cast<double>(site.settings.vocabulary))
      throw ApiError(400, path + "[" + std::to_string(tokens.size()) + "] must be a token's number from 0 to " + last + ", not " + shown(value) + ".", path,
                     "invalid_value");
    tokens.push_back(static_cast<text::Token>(number));
  }
  return tokens;
}

std::unique_ptr<Ticket> submit(const Site& site, Job job) {
  using std::chrono::duration;
  check_vocabulary(job.prompt, site.settings.vocabulary);  // else it would throw where the other ranks are talked to, and end the gateway
  job.deadline = std::chrono::steady_clock::now() +
                 std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration<double>(site.settings.deadline));
  try {
    return site.engine.submit(std::move(job));
  } catch (const Unavailable& unavailable) {
    // Where nothing is wrong, it still starts, and is worth another try.
    throw unavailable_error(unavailable.what(), site.engine.state().trouble.empty() ? 1 : 0);
  }
}

}  // namespace shardlm::app
