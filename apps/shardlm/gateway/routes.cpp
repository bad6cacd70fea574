#include "gateway/routes.hpp"

#include <algorithm>
#include <cstring>

#include "gateway/authorization.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/errors.hpp"

namespace shardlm::app {
namespace {

const Route kRoutes[] = {
    {"/", "GET", true, page},
    {"/health", "GET", true, health},
    {"/ready", "GET", true, ready},
    {"/openapi.json", "GET", true, openapi},
    {"/metrics", "GET", false, metrics},
    {"/v2/info", "GET", false, info},
    {"/v1/models", "GET", false, models},
    {"/v1/models/", "GET", false, one_model},
    {"/v1/chat/completions", "POST", false, chat_completions},
    {"/v1/completions", "POST", false, completions},
    {"/v2/secure/gpu/prefill_v2", "POST", false, prefill},
    {"/v2/secure/gpu/prefill_v3", "POST", false, prefill},
    {"/v3/ot/prefill", "POST", false, prefill},
    {"/v3/mpc/prefill", "POST", false, prefill},
    {"/v3/cc/prefill", "POST", false, prefill},
};

bool digits(const std::string& text) {
  return !text.empty() && text.size() < 19 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return text;
}

// Two readers of one request must not disagree about where it ends.
bool framed_well(const httplib::Request& request, bool& body) {
  const auto lengths = request.get_header_value_count("Content-Length"), codings = request.get_header_value_count("Transfer-Encoding");
  body = lengths + codings > 0;
  if (lengths + codings > 1) return false;
  if (codings == 1) return lower(request.get_header_value("Transfer-Encoding")) == "chunked";
  if (lengths == 1 && !digits(request.get_header_value("Content-Length"))) return false;
  body = lengths == 1 && std::stoull(request.get_header_value("Content-Length")) > 0;
  return true;
}

// Browsers say so of what a page of another site asks for, also where they send no Origin. Who follows a link to the page itself is welcome.
bool is_of_other_site(const httplib::Request& request) {
  const auto fields = request.headers.equal_range("Sec-Fetch-Site");
  const bool other = std::any_of(fields.first, fields.second, [](const auto& field) {
    const auto site = lower(field.second);
    return site == "cross-site" || site == "same-site";
  });
  return other && !(request.method == "GET" && request.path == "/" && lower(request.get_header_value("Sec-Fetch-Mode")) == "navigate");
}

void check_sender(const httplib::Request& request, const GatewaySettings& settings) {
  const auto host = request.get_header_value("Host");
  if (request.get_header_value_count("Host") > 1 || (host.empty() && request.version == "HTTP/1.1"))
    throw ApiError(400, "The request must have one Host field.", "", "malformed_request");
  if (!host.empty() && is_loopback(settings.host) && !names_this_machine(host, settings.host))
    throw ApiError(403, "This gateway answers as localhost alone, not under another name.", "", "forbidden_host");
  const auto origins = request.get_header_value_count("Origin");
  if (origins > 1 || (origins == 1 && !same_origin(request.get_header_value("Origin"), host)) || is_of_other_site(request))
    throw ApiError(403, "This gateway answers no page of another site.", "", "forbidden_origin");
}

void check_key(const httplib::Request& request, const GatewaySettings& settings) {
  if (settings.key.empty()) return;
  if (!request.has_header("Authorization"))
    throw ApiError(401, "This gateway needs its API key, as \"Authorization: Bearer KEY\".", "", "missing_api_key");
  if (!has_key(request.get_header_value("Authorization"), settings.key)) throw ApiError(401, "This is not the API key of this gateway.", "", "invalid_api_key");
}

void check_content(const httplib::Request& request, const GatewaySettings& settings) {
  auto type = lower(request.get_header_value("Content-Type"));
  type = type.substr(0, type.find(';'));
  type.erase(type.find_last_not_of(" \t") + 1);
  if (type != "application/json") throw ApiError(415, "The body must be JSON, with \"Content-Type: application/json\".", "", "unsupported_media_type");
  const auto coding = lower(request.get_header_value("Content-Encoding"));
  if (!coding.empty() && coding != "identity") throw ApiError(415, "The body must be sent without a Content-Encoding.", "", "unsupported_media_type");
  if (request.has_header("Content-Length") && std::stoull(request.get_header_value("Content-Length")) > settings.max_body)
    throw ApiError(413, "The request's body is larger than the " + std::to_string(settings.max_body) + " bytes that this gateway takes.", "", "body_too_large");
}

bool allowed(const Route& route, const std::string& method) {
  return method == route.method || (method == "HEAD" && std::strcmp(route.method, "GET") == 0);
}

std::optional<Reply> checked(const httplib::Request& request, const GatewaySettings& settings) {
  check_sender(request, settings);
  const Route* route = route_of(request.path);
  if (!route || !route->open) check_key(request, settings);
  if (!route) throw of_status(404);
  if (!allowed(*route, request.method)) return not_allowed(*route);
  if (request.method == "POST") check_content(request, settings);
  return {};
}

}  // namespace

const Route* route_of(const std::string& path) {
  for (const auto& route : kRoutes) {
    const auto size = std::strlen(route.path);
    const bool has_id = size > 1 && route.path[size - 1] == '/';
    if (has_id ? path.size() > size && path.compare(0, size, route.path) == 0 : path == route.path) return &route;
  }
  return nullptr;
}

Reply not_allowed(const Route& route) {
  auto reply = reply_of(ApiError(405, std::string("This path takes ") + route.method + " alone.", "", "method_not_allowed"));
  reply.headers.emplace_back("Allow", std::strcmp(route.method, "GET") == 0 ? "GET, HEAD" : route.method);
  return reply;
}

std::optional<Reply> refused(const httplib::Request& request, const GatewaySettings& settings, bool& unread) {
  bool body = false;
  const bool well = framed_well(request, body);
  unread = !well || (body && request.method != "POST");
  if (!well) return reply_of(ApiError(400, "The request's Content-Length or Transfer-Encoding does not say where it ends.", "", "malformed_request"));
  try {
    auto reply = checked(request, settings);
    if (reply) unread = unread || body;
    return reply;
  } catch (const ApiError& error) {
    unread = unread || body;
    return reply_of(error);
  }
}

Reply reply_of(const ApiError& error) {
  Reply reply{error.status, error_body(error)};
  if (error.retry_after > 0) reply.headers.emplace_back("Retry-After", std::to_string(error.retry_after));
  if (error.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

}  // namespace shardlm::app
