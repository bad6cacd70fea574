#include "gateway_client/failures.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "gateway_client/printable.hpp"

namespace shardlm::app::remote {
namespace {

using Json = nlohmann::json;

// The sentence of an error in OpenAI's form, or "".
std::string message_of(const std::string& text) {
  const Json body = Json::parse(text, nullptr, false);
  if (!body.is_object() || !body.contains("error") || !body["error"].is_object()) return "";
  const Json message = body["error"].value("message", Json());
  return message.is_string() ? printable(message.get<std::string>()) : "";
}

std::string seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", s);
  return text;
}

std::string come_again(const std::string& retry_after) {
  const bool number = !retry_after.empty() && retry_after.size() < 8 && std::all_of(retry_after.begin(), retry_after.end(), [](unsigned char c) { return std::isdigit(c); });
  return number ? "try again in " + retry_after + " s" : "try again later";
}

std::string with(const std::string& message, const std::string& remedy) { return message.empty() ? remedy : message + " (" + remedy + ")"; }
// The gateway's own sentence, or where it has none one of ours.
std::string busy(const std::string& gateway, const std::string& message, const std::string& remedy) {
  return message.empty() ? gateway + " is busy: " + remedy : gateway + ": " + with(message, remedy);
}

}  // namespace

std::string refusal(const Address& address, int status, const std::string& text, const std::string& retry_after, bool had_key) {
  const std::string message = message_of(text), gateway = "the gateway at " + address.text;
  if (status == 401)
    return had_key ? gateway + " does not take this key: give with --api-key-file the file that it was started with"
                   : gateway + " asks for a key: give the file that holds it with --api-key-file";
  if (message.empty()) return no_gateway(address, "it answers with status " + std::to_string(status));
  if (status == 429) return busy(gateway, message, come_again(retry_after));
  if (status == 503) return gateway + " is not ready: " + with(message, retry_after.empty() ? "what it wrote to standard error says more" : come_again(retry_after));
  if (status == 504) return gateway + " gave the request up: " + with(message, "ask for less, or start it with a longer --deadline");
  return gateway + " refused: " + message;
}

std::string failure(const Address& address, Broken how, double timeout) {
  const std::string gateway = "the gateway at " + address.text;
  switch (how) {
    case Broken::cannot_connect:
      return "nothing listens at " + address.text + ": start a gateway with shardlm serve --model FILE, or give the address of one with -s";
    case Broken::slow_to_connect:
      return address.text + " does not answer: check the address that -s gives, and firewalls on the way";
    case Broken::silent:
      return gateway + " was silent for " + seconds(timeout) + " s: wait longer with --timeout, or look whether its ranks still run";
    case Broken::closed:
      return gateway + " closed the connection before its answer was whole: what it wrote to standard error says why";
    case Broken::closed_while_sending:
      return gateway + " closed the connection before it had the whole request: ask something shorter, or start it with a larger --max-body";
    case Broken::certificate:
      return "the certificate of " + address.text + " is not trusted: name the file of its authority in the environment variable SSL_CERT_FILE";
    case Broken::handshake:
      break;
  }
  return address.text + " does not speak TLS: a gateway itself speaks http://, and only what stands in front of it https://";
}

std::string broken_off(const Address& address, const std::string& text) {
  const std::string message = message_of(text);
  return "the gateway at " + address.text + " broke the answer off: " + (message.empty() ? "it does not say why" : message);
}

std::string no_gateway(const Address& address, const std::string& why) {
  return "what listens at " + address.text + " is no ShardLM gateway of this version, for " + why + ": check the address that -s gives";
}

}  // namespace shardlm::app::remote
