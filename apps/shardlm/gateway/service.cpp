#include "gateway/service.hpp"

#include <algorithm>
#include <cstdio>

#include "gateway/errors.hpp"
#include "gateway/routes.hpp"
#include "shardlm/core/wipe.hpp"

namespace shardlm::app {
namespace {

constexpr std::size_t kRequests = 1000;  // on one connection

// The library tells its handlers what was asked, not on which connection; each has a thread.
thread_local Connection* current = nullptr;

// The library gives up on a request whose method it does not know, once it has split its first line.
const Route* route_of_unknown_method(const httplib::Request& request) {
  const bool split = !request.method.empty() && request.version.rfind("HTTP/1.", 0) == 0 && request.path.empty();
  return split ? route_of(request.target.substr(0, request.target.find('?'))) : nullptr;
}

// What was asked is not left in memory, best effort: parsing copies parts of it.
struct WipeText {
  std::string& text;
  ~WipeText() { wipe(text.data(), text.size()); }
};

ApiError ill_framed() {
  return ApiError(400, "The request's header fields or chunks are not written as HTTP has them; send them without folding, escapes and spaces.", "",
                  "malformed_request");
}

// At most so much, whatever the request said of its length.
std::string read_body(const httplib::ContentReader& content, std::uint64_t most, std::uint64_t room, Connection& connection) {
  std::string body;
  body.reserve(room);  // growing would leave pieces of it behind
  bool large = false;
  const bool whole = content([&](const char* data, std::size_t size) {
    large = large || body.size() + size > most;
    if (!large) body.append(data, size);
    return !large;
  });
  if (whole && !large) return body;
  wipe(body.data(), body.size());
  connection.spoil();
  if (connection.malformed()) throw ill_framed();
  throw of_status(large ? 413 : connection.status_of_broken(400));
}

}  // namespace

Service::Service(Site site) : site_(site) {
  set_keep_alive_max_count(kRequests);
  set_keep_alive_timeout(static_cast<time_t>(site.settings.idle));
  set_payload_max_length(site.settings.max_body);
  set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}});
  // Before the body is read: what is not let in, and what has none.
  set_expect_100_continue_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (!current->verdict) return 100;
    answer(request, response, "");
    return response.status;
  });
  set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (!current->verdict && request.method == "POST") return HandlerResponse::Unhandled;
    answer(request, response, "");
    return HandlerResponse::Handled;
  });
  Post(".*", [this](const httplib::Request& request, httplib::Response& response, const httplib::ContentReader& content) {
    try {
      const bool none = !request.has_header("Content-Length") && !request.has_header("Transfer-Encoding");
      const auto most = site_.settings.max_body, room = std::min<std::uint64_t>(most, request.get_header_value<std::uint64_t>("Content-Length"));
      answer(request, response, none ? "" : read_body(content, most, room, *current));
    } catch (const ApiError& error) {
      put(request, response, reply_of(error));
    }
  });
  // What the library finds wrong by itself takes the same form.
  set_error_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    if (!current->has_head()) current->spoil();
    const int status = current->status_of_broken(response.status);
    const Route* unheard_of = status == 400 ? route_of_unknown_method(request) : nullptr;
    if (current->malformed() && status == 400) return put(request, response, reply_of(ill_framed()));
    put(request, response, unheard_of ? not_allowed(*unheard_of) : reply_of(of_status(status)));
  });
  set_exception_handler([this](const httplib::Request& request, httplib::Response& response, std::exception_ptr thrown) {
    current->spoil();  // its body may not have been read
    put(request, response, reply_of(as_api_error(thrown)));
  });
  set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
    current->access.status = response.status;
    if (response.get_header_value("Connection") == "close") response.headers.erase("Keep-Alive");
  });
}

void Service::admit(httplib::Request& request) {
  Connection& connection = *current;
  connection.head_arrived(request.has_header("Transfer-Encoding"));
  // Parts of an answer, and compressed ones, which tell of their content by their length.
  request.headers.erase("Range");
  request.ranges.clear();
  request.headers.erase("Accept-Encoding");
  const Route* route = route_of(request.path);
  connection.access.method = request.method;
  connection.access.path = route ? route->path : "other";
  bool unread = false;
  connection.verdict = refused(request, site_.settings, unread);
  if (unread) connection.spoil();
}

void Service::answer(const httplib::Request& request, httplib::Response& response, std::string body) {
  Connection& connection = *current;
  try {
    if (connection.verdict) return put(request, response, std::move(*connection.verdict));
    Call call{request.path, std::move(body), [&connection] { return connection.gone(); }, &connection.access.tokens};
    const WipeText at_end{call.body};
    put(request, response, route_of(request.path)->endpoint(site_, call));
  } catch (const PeerGone&) {
    connection.hang_up();
    response.status = 499;
    response.set_content("{}", "application/json");
  } catch (...) {
    put(request, response, reply_of(as_api_error(std::current_exception())));
  }
}

void Service::put(const httplib::Request& request, httplib::Response& response, Reply reply) {
  response.status = reply.status;
  const bool old = request.version == "HTTP/1.0";  // it knows no chunks: a stream ends with its connection
  if (old && reply.stream) current->spoil();
  if (current->spoiled()) response.set_header("Connection", "close");
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (!reply.stream || request.method == "HEAD") return response.set_content(reply.body, reply.type);
  // Proxies that would gather a stream before they pass it on know this field.
  response.set_header("X-Accel-Buffering", "no");
  const auto go_on = [stream = std::move(reply.stream)](std::size_t, httplib::DataSink& sink) {
    const auto progress = stream([&sink](const std::string& data) { return sink.write(data.data(), data.size()); });
    if (progress == Progress::done) sink.done();
    return progress != Progress::gone;
  };
  if (old) return response.set_content_provider(reply.type, go_on);
  response.set_chunked_content_provider(reply.type, go_on);
}

void Service::finished(Connection& connection, std::chrono::steady_clock::time_point begin) const {
  auto& access = connection.access;
  if (access.method.empty()) return;  // there was no request
  access.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (site_.settings.on_request) site_.settings.on_request(access);
  if (site_.settings.log)
    std::fprintf(stderr, "shardlm: %s %s %d %.0f ms %zu tokens\n", access.method.c_str(), access.path.c_str(), access.status, access.ms, access.tokens);
}

void Service::serve(Connection& connection, const std::atomic<bool>& ending) {
  current = &connection;
  for (std::size_t left = kRequests; left > 0 && connection.await_request(); --left) {
    const auto begin = std::chrono::steady_clock::now();
    bool closed = false, written = false;
    try {
      written = process_request(connection, left == 1 || ending, closed, [this](httplib::Request& request) { admit(request); });
    } catch (...) {  // nothing of the library's own may end the process
    }
    if (!written && connection.access.status == 200) connection.access.status = 499;
    try {
      finished(connection, begin);
    } catch (...) {  // what could not be counted was answered all the same
    }
    if (!written || closed || ending || connection.spoiled()) break;
  }
  current = nullptr;
}

}  // namespace shardlm::app
