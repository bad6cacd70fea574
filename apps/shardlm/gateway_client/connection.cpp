#include "gateway_client/connection.hpp"

#include <httplib.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>

#include "clock.hpp"
#include "gateway/authorization.hpp"
#include "gateway_client/event_stream.hpp"
#include "gateway_client/failures.hpp"

namespace shardlm::app::remote {
namespace {

using Json = nlohmann::ordered_json;
using Http = httplib::ClientImpl;

constexpr std::size_t kMost = std::size_t{64} << 20;  // bytes of an answer
constexpr double kConnect = 10;                       // seconds

// What came of one request.
struct Exchange {
  int status = 0;
  bool streams = false;  // server-sent events
  std::string retry_after, text;
  std::exception_ptr thrown;  // by who is told of events
  httplib::Error error = httplib::Error::Success;
  Clock quiet;  // since the last byte
};

std::unique_ptr<Http> open(const Address& address, double timeout) {
  std::unique_ptr<Http> http;
  if (address.encrypted)
    http = std::make_unique<httplib::SSLClient>(address.host, address.port);
  else
    http = std::make_unique<Http>(address.host, address.port);
  const auto span = [](double s) { return std::chrono::microseconds(std::int64_t(1e6 * s)); };
  http->set_connection_timeout(span(std::min(kConnect, timeout)));
  http->set_read_timeout(span(timeout));
  http->set_write_timeout(span(timeout));
  http->set_tcp_nodelay(true);
  return http;
}

// No proxy is asked, whatever the environment says: the prompt goes to the gateway and to nobody else.
httplib::Request request(const std::string& path, const Json* body, const std::string& key) {
  httplib::Request r;
  r.method = body ? "POST" : "GET";
  r.path = path;
  r.headers.emplace("User-Agent", "shardlm/" SHARDLM_VERSION);
  r.headers.emplace("Accept", "application/json, text/event-stream");
  if (!key.empty()) r.headers.emplace("Authorization", "Bearer " + key);
  if (!body) return r;
  r.headers.emplace("Content-Type", "application/json");
  try {
    r.body = body->dump();
  } catch (const Json::type_error&) {
    throw Error("the text to send is not UTF-8: convert it first, as with iconv -t UTF-8");
  }
  return r;
}

// Events of a stream go to `events`, any other text is kept.
void exchange(Http& http, httplib::Request r, EventStream* events, Exchange& x) {
  r.response_handler = [&](const httplib::Response& response) {
    x.status = response.status;
    x.streams = events && response.status == 200 && response.get_header_value("Content-Type").compare(0, 17, "text/event-stream") == 0;
    x.retry_after = response.get_header_value("Retry-After");
    return true;
  };
  r.content_receiver = [&](const char* bytes, std::size_t n, std::uint64_t, std::uint64_t) {
    x.quiet = Clock();
    try {
      if (x.streams)
        events->push(bytes, n);
      else
        x.text.append(bytes, n);
    } catch (...) {
      x.thrown = std::current_exception();
    }
    return !x.thrown && x.text.size() <= kMost;
  };
  x.error = http.send(r).error();
}

Broken broken(const Exchange& x, double timeout) {
  switch (x.error) {
    case httplib::Error::Connection: return Broken::cannot_connect;
    case httplib::Error::ConnectionTimeout: return Broken::slow_to_connect;
    case httplib::Error::SSLServerVerification:
    case httplib::Error::SSLLoadingCerts: return Broken::certificate;
    case httplib::Error::SSLConnection: return Broken::handshake;
    case httplib::Error::Write: return Broken::closed_while_sending;
    default: return x.quiet.seconds() >= 0.95 * timeout ? Broken::silent : Broken::closed;
  }
}

// Throws where there is no whole answer of status 200.
void check(const Exchange& x, const Address& address, double timeout, bool had_key) {
  if (x.thrown) std::rethrow_exception(x.thrown);
  if (x.text.size() > kMost) throw Error(no_gateway(address, "its answer is longer than " + std::to_string(kMost >> 20) + " MiB"));
  if (x.error != httplib::Error::Success) throw Error(failure(address, broken(x, timeout), timeout));
  if (x.status != 200) throw Refused(x.status, refusal(address, x.status, x.text, x.retry_after, had_key));
}

Json json_of(const Exchange& x, const Address& address) {
  Json answer = Json::parse(x.text, nullptr, false);
  if (!answer.is_object()) throw Error(no_gateway(address, "its answer is no JSON object"));
  return answer;
}

}  // namespace

Connection::Connection(const HttpClientOptions& o) : address_(parse_address(o.server)), key_(o.api_key_file.empty() ? "" : read_api_key(o.api_key_file)), timeout_(o.timeout) {
  signal(SIGPIPE, SIG_IGN);  // a gateway that hangs up is told of in a sentence
}

void Connection::warn_of_strangers() const {
  if (address_.is_this_machine()) return;
  std::fprintf(stderr, "shardlm: %s is not this machine: whoever runs that gateway reads what you ask and what it answers%s. Ask none but your own.\n",
               address_.host.c_str(), address_.encrypted ? "" : ", and so does everyone on the way, for http:// is not encrypted");
}

Json Connection::get(const std::string& path) const {
  Exchange x;
  exchange(*open(address_, timeout_), request(path, nullptr, key_), nullptr, x);
  check(x, address_, timeout_, !key_.empty());
  return json_of(x, address_);
}

Json Connection::post(const std::string& path, const Json& body) const {
  Exchange x;
  exchange(*open(address_, timeout_), request(path, &body, key_), nullptr, x);
  check(x, address_, timeout_, !key_.empty());
  return json_of(x, address_);
}

bool Connection::stream(const std::string& path, const Json& body, const std::function<void(const std::string&)>& on_event,
                        const std::function<bool()>& stopped) const {
  Exchange x;
  EventStream events(on_event);
  const std::unique_ptr<Http> http = open(address_, timeout_);
  const httplib::Request r = request(path, &body, key_);
  std::future<void> work = std::async(std::launch::async, [&] { exchange(*http, r, &events, x); });
  bool broken_off = false;
  while (work.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    broken_off = broken_off || stopped();
    if (broken_off) http->stop();
  }
  work.get();
  if (broken_off && !x.thrown) return false;
  check(x, address_, timeout_, !key_.empty());
  if (!x.streams) throw Error(no_gateway(address_, "its answer is no stream of events"));
  return true;
}

}  // namespace shardlm::app::remote
