// shardlm client generate.
#include <cstdio>

#include "answering.hpp"
#include "gateway_client/client.hpp"
#include "gateway_client/completion.hpp"
#include "prompt_text.hpp"

namespace shardlm::app {

using namespace remote;

int client_generate(const HttpClientOptions& o) {
  const Connection connection(o);
  const std::string prompt = prompt_of(o.prompt, o.prompt_file);
  if (prompt.empty()) throw Error("the prompt is empty: ask something");
  std::vector<Message> messages;
  if (o.system) messages.push_back({"system", *o.system});
  messages.push_back({"user", prompt});
  connection.warn_of_strangers();
  const nlohmann::ordered_json request = completion_request(o, ask_for_info(connection), connection.address(), messages, !o.json);
  if (o.json) {
    show(connection.post("/v1/chat/completions", request).dump() + "\n");
    return 0;
  }
  bool begun = false;
  const auto say = [&begun](const std::string& text) {
    show(text);
    begun = true;
  };
  try {
    complete(connection, request, say, [] { return false; });
  } catch (const Error&) {
    if (begun) show("\n");  // the sentence stands on a line of its own
    throw;
  }
  show("\n");
  return 0;
}

}  // namespace shardlm::app
