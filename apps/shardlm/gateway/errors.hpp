// What is answered instead of an answer: one sentence in the form of OpenAI's API, with the status that fits.
#pragma once

#include <exception>
#include <string>

#include "shardlm/core/error.hpp"

namespace shardlm::app {

struct ApiError : Error {
  ApiError(int status, const std::string& sentence, std::string param = "", std::string code = "", int retry_after = 0)
      : Error(sentence), status(status), retry_after(retry_after), param(std::move(param)), code(std::move(code)) {}

  int status;
  int retry_after;          // seconds, for the header Retry-After; 0: none
  std::string param, code;  // the field that is wrong, and a word for programs; empty: null
};

// Whoever asked hung up: there is nobody to be answered.
struct PeerGone {};

std::string error_body(const ApiError& error);  // JSON
// Of whatever was thrown while a request was answered. What nobody foresaw becomes a 500 that says nothing of the request.
ApiError as_api_error(std::exception_ptr thrown);
// Nothing is answered, for a reason that the engine told.
ApiError unavailable_error(const std::string& reason, int retry_after = 0);
// Of a status that the HTTP library came to by itself.
ApiError of_status(int status);

}  // namespace shardlm::app
