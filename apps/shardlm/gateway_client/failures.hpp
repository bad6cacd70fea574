// What went wrong with a request, as one sentence with what to do about it.
#pragma once

#include <string>

#include "gateway_client/address.hpp"

namespace shardlm::app::remote {

// A status other than 200, with the answer's text and, where it has one, its Retry-After.
std::string refusal(const Address& address, int status, const std::string& text, const std::string& retry_after, bool had_key);

enum class Broken { cannot_connect, slow_to_connect, silent, closed, closed_while_sending, certificate, handshake };

// No whole answer came. timeout: seconds.
std::string failure(const Address& address, Broken how, double timeout);

// An error in the middle of a streamed answer.
std::string broken_off(const Address& address, const std::string& text);

// Something answers there that does not speak as this version's gateway does.
std::string no_gateway(const Address& address, const std::string& why);

}  // namespace shardlm::app::remote
