// Who may ask: those with the key, and no page of another site in a browser of this machine.
#pragma once

#include <string>

namespace shardlm::app {

// The one line of a file that nobody but its owner can read, of at least 16 letters, digits and - . _ ~ + / =. Throws Error.
std::string read_api_key(const std::string& path);

// Is it "Bearer KEY"? Takes as long for a wrong key as for the right one.
bool has_key(const std::string& authorization, const std::string& key);

// Does this address belong to this machine alone?
bool is_loopback(const std::string& host);

// Does a Host field (with or without a port) name this machine itself, or the address where the gateway listens? A page of another site that
// has its name's address changed to this machine's (DNS rebinding) still sends that name.
bool names_this_machine(const std::string& host_field, const std::string& bound);

// Is an Origin field that of the Host that the request is for? The scheme may differ: TLS may end in front of the gateway.
bool same_origin(const std::string& origin, const std::string& host_field);

}  // namespace shardlm::app
