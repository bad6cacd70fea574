#include "gateway/errors.hpp"

#include <nlohmann/json.hpp>

#include "gateway/engine.hpp"
#include "gateway/json.hpp"

namespace shardlm::app {
namespace {

const char* type_of(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    default: return status < 500 ? "invalid_request_error" : "server_error";
  }
}

// As the rest of the program words it, without a capital and a full stop, to be put after its name.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text.back() == '.' ? text : text + ".";
}

nlohmann::json or_null(const std::string& text) { return text.empty() ? nlohmann::json() : nlohmann::json(text); }

}  // namespace

std::string error_body(const ApiError& error) {
  return text_of({{"error", {{"message", error.what()}, {"type", type_of(error.status)}, {"param", or_null(error.param)}, {"code", or_null(error.code)}}}});
}

ApiError unavailable_error(const std::string& reason, int retry_after) { return ApiError(503, sentence(reason), "", "unavailable", retry_after); }

ApiError as_api_error(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const ApiError& error) {
    return error;
  } catch (const Busy& busy) {
    return ApiError(429, sentence(busy.what()), "", "queue_full", busy.seconds);
  } catch (const Unavailable& unavailable) {
    return unavailable_error(unavailable.what());
  } catch (const Error& error) {
    return ApiError(400, sentence(error.what()));
  } catch (const std::bad_alloc&) {
    return ApiError(503, "The gateway has too little memory for this request at the moment.", "", "out_of_memory", 1);
  } catch (...) {
    return ApiError(500, "The gateway failed in a way that it does not know; its administrator may want to report this.", "", "internal_error");
  }
}

ApiError of_status(int status) {
  switch (status) {
    case 404: return ApiError(404, "There is no such path here; GET /openapi.json lists those that there are.", "", "path_not_found");
    case 408: return ApiError(408, "The request did not arrive in time.", "", "request_timeout");
    case 413: return ApiError(413, "The request's body is too large.", "", "body_too_large");
    case 414: return ApiError(414, "The request's path is too long.", "", "path_too_long");
    case 431: return ApiError(431, "The request's header fields are too large.", "", "headers_too_large");
    case 500: return ApiError(500, "The gateway failed in a way that it does not know; its administrator may want to report this.", "", "internal_error");
    default: return ApiError(status, "This is not a request that HTTP/1.1 knows.", "", "malformed_request");
  }
}

}  // namespace shardlm::app
