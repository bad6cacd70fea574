// Requests to a gateway. Whatever fails is one sentence that says what to do.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "gateway_client/address.hpp"
#include "options.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app::remote {

// The gateway answered, and refused this request; another one it may take.
struct Refused : Error {
  Refused(int status, const std::string& sentence) : Error(sentence), status(status) {}
  int status;
};

class Connection {
 public:
  // Reads the key's file. Throws Error.
  explicit Connection(const HttpClientOptions& options);

  const Address& address() const { return address_; }
  // A sentence on standard error where prompt and key leave this machine.
  void warn_of_strangers() const;

  // Throw Refused and Error.
  nlohmann::ordered_json get(const std::string& path) const;
  nlohmann::ordered_json post(const std::string& path, const nlohmann::ordered_json& body) const;
  // on_event gets each event's data as it comes. stopped is asked some twenty times a second: true breaks the connection, which frees the
  // request's place at the gateway. Returns false where it was stopped.
  bool stream(const std::string& path, const nlohmann::ordered_json& body, const std::function<void(const std::string&)>& on_event,
              const std::function<bool()>& stopped) const;

 private:
  Address address_;
  std::string key_;
  double timeout_;
};

}  // namespace shardlm::app::remote
