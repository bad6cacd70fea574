#include "peers.hpp"

#include <fstream>
#include <sstream>

#include "deck.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

using net::Role;

constexpr const char* kNames[] = {"client", "server0", "server1", "dealer"};

int rank_of(const std::string& section) {
  for (int rank = 0; rank < net::kParties; ++rank)
    if (section == kNames[rank]) return rank;
  throw DeckTrouble{"there is no rank '" + section + "'; there are [client], [server0], [server1] and [dealer]"};
}

bool is_true(const std::string& value) {
  if (value != "true" && value != "false") throw DeckTrouble{"gpu is true or false"};
  return value == "true";
}

// One of the keys that make a policy.
bool set_policy(attest::Policy& policy, const DeckEntry& entry) {
  if (entry.key == "provider") {
    policy.provider = entry.value;
  } else if (entry.key == "measurement") {
    std::istringstream words(entry.value);
    policy.measurements.clear();
    for (std::string word; words >> word;) policy.measurements.push_back(word);
  } else if (entry.key == "gpu") {
    policy.gpu = is_true(entry.value);
  } else if (entry.key == "verifier") {
    policy.verifier = entry.value;
  } else {
    return false;
  }
  return true;
}

// A demand that a rank without evidence escapes is none.
void check(const attest::Policy& policy, const std::string& rank) {
  if (policy.mode == attest::Mode::required) {
    if (policy.verifier.empty()) throw Error("attestation = \"required\" needs a verifier: nobody else checks the signature of a report");
    if (policy.measurements.empty()) throw Error("attestation = \"required\" needs the measurement of [" + rank + "]: else any protected machine would do");
    return;
  }
  for (const auto& [demanded, name] : {std::pair{!policy.provider.empty(), "provider"}, std::pair{!policy.measurements.empty(), "measurement"},
                                       std::pair{policy.gpu, "gpu"}, std::pair{!policy.verifier.empty(), "verifier"}})
    if (demanded) throw Error(std::string(name) + " of [" + rank + "] is a demand, which goes with attestation = \"required\": else a rank without evidence escapes it");
}

class Reader {
 public:
  void operator()(const DeckEntry& entry) {
    try {
      entry.section.empty() ? for_all(entry) : for_one(entry, rank_of(entry.section));
    } catch (const Error& error) {
      throw DeckTrouble{error.what()};
    }
  }
  Peers finish() const {
    for (int rank = 0; rank < net::kParties; ++rank) {
      if (!has_key_[rank]) throw Error(std::string("it lacks the key of [") + kNames[rank] + "]: shardlm keys new prints one");
      for (int other = 0; other < rank; ++other)
        if (peers_.keys[other] == peers_.keys[rank])
          throw Error(std::string("[") + kNames[other] + "] and [" + kNames[rank] + "] have the same key: every rank needs one of its own");
      attest::check(peers_.policies[rank]);
      check(peers_.policies[rank], kNames[rank]);
    }
    return peers_;
  }

 private:
  void for_all(const DeckEntry& entry) {
    for (attest::Policy& policy : peers_.policies) {
      if (entry.key == "attestation")
        policy.mode = attest::mode_from(entry.value);
      else if (!set_policy(policy, entry))
        throw DeckTrouble{"the key '" + entry.key + "' is none; above the sections there are attestation, provider, measurement, gpu and verifier"};
    }
  }
  void for_one(const DeckEntry& entry, int rank) {
    if (entry.key == "key") {
      peers_.keys[rank] = seal::public_key_from(entry.value);
      has_key_[rank] = true;
    } else if (!set_policy(peers_.policies[rank], entry)) {
      throw DeckTrouble{"the key '" + entry.key + "' is none; a rank has key, provider, measurement, gpu and verifier"};
    }
  }

  Peers peers_;
  std::array<bool, net::kParties> has_key_{};
};

}  // namespace

const char* file_name(Role role) { return kNames[int(role)]; }

Peers read_peers(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error("cannot read the deck of peers " + path);
  Reader reader;
  try {
    read_deck(
        file, [](const std::string& section) { rank_of(section); }, [&](const DeckEntry& entry) { reader(entry); });
    return reader.finish();
  } catch (const CLI::Error& error) {
    throw Error("cannot use the deck of peers " + path + ", " + error.what());
  } catch (const Error& error) {
    throw Error("cannot use the deck of peers " + path + ": " + error.what());
  }
}

}  // namespace shardlm::app
