#include "gateway_client/completion.hpp"

namespace shardlm::app::remote {
namespace {

using Json = nlohmann::ordered_json;

class Reader {
 public:
  Reader(const Address& address, const std::function<void(const std::string&)>& on_text) : address_(address), on_text_(on_text) {}

  void event(const std::string& data) {
    if (data == "[DONE]") {
      done_ = true;
      return;
    }
    read_answer(address_, [&] { chunk(Json::parse(data), data); });
  }
  bool done() const { return done_; }
  const Completion& completion() const { return completion_; }

 private:
  void chunk(const Json& chunk, const std::string& data) {
    if (chunk.contains("error")) throw Refused(0, broken_off(address_, data));
    if (chunk.contains("usage") && chunk["usage"].is_object()) completion_.taken.tokens = chunk["usage"].value("completion_tokens", 0.0);
    const Json& choices = chunk.at("choices");
    if (choices.empty()) return;
    const Json& choice = choices.at(0);
    if (const Json text = choice.at("delta").value("content", Json()); text.is_string() && text != "") {
      completion_.text += text.get<std::string>();
      on_text_(text.get<std::string>());
    }
    const Json finish = choice.value("finish_reason", Json());
    if (!finish.is_string()) return;
    completion_.finish = finish.get<std::string>();
    if (chunk.contains("shardlm")) costs(chunk["shardlm"]);
  }
  void costs(const Json& costs) {
    completion_.taken.seconds = costs.value("total_ms", 0.0) / 1000;
    completion_.taken.rounds = costs.value("rounds", 0.0);
    completion_.taken.opened_bytes = costs.value("bytes", Json::object()).value("opened", 0.0);
  }

  const Address& address_;
  const std::function<void(const std::string&)>& on_text_;
  Completion completion_;
  bool done_ = false;
};

}  // namespace

void add_sampling(Json& request, const text::SamplerOptions& s) {
  const text::SamplerOptions usual;
  request["temperature"] = s.temperature;  // of which a gateway thinks otherwise where nothing is said
  if (s.top_p != usual.top_p) request["top_p"] = s.top_p;
  if (s.top_k != usual.top_k) request["top_k"] = s.top_k;
  if (s.repetition_penalty != usual.repetition_penalty) request["repetition_penalty"] = s.repetition_penalty;
  if (s.seed) request["seed"] = *s.seed;
}

Json completion_request(const HttpClientOptions& o, const GatewayInfo& info, const Address& address, const std::vector<Message>& messages, bool stream) {
  Json request{{"model", info.model}, {"messages", Json::array()}};
  for (const Message& m : messages) request["messages"].push_back({{"role", m.role}, {"content", m.text}});
  request["max_tokens"] = info.most(o.max_tokens, HttpClientOptions().max_tokens);
  add_sampling(request, o.sampling);
  request["shardlm"]["protocol"] = info.protocol(o.protocol, address).first;
  if (!stream) return request;
  request["stream"] = true;
  request["stream_options"]["include_usage"] = true;
  return request;
}

Completion complete(const Connection& connection, const Json& request, const std::function<void(const std::string&)>& on_text,
                    const std::function<bool()>& stopped) {
  Reader reader(connection.address(), on_text);
  const bool whole = connection.stream("/v1/chat/completions", request, [&reader](const std::string& data) { reader.event(data); }, stopped);
  if (whole && !reader.done()) throw Error(failure(connection.address(), Broken::closed, 0));
  return reader.completion();
}

}  // namespace shardlm::app::remote
