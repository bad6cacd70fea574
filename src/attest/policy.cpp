#include "shardlm/attest/policy.hpp"

#include "command.hpp"
#include "measurement.hpp"
#include "printable.hpp"

namespace shardlm::attest {
namespace {

// The provider in whose reports a register is; "" for either.
std::string provider_of(const std::string& name) {
  if (name.empty()) return "";
  return name == "measurement" ? "sev_guest" : "tdx_guest";
}

void check_measurement(const Policy& policy, const std::string& text) {
  std::string one = policy.provider;
  for (const auto& piece : expected_from(text)) {
    const std::string provider = provider_of(piece.first);
    if (!provider.empty() && !one.empty() && provider != one)
      throw Error("the expected measurement \"" + printable(text) + "\" speaks of a register that reports of " + one + " do not have");
    if (!provider.empty()) one = provider;
  }
}

}  // namespace

Mode mode_from(const std::string& text) {
  if (text == "none") return Mode::none;
  if (text == "preferred") return Mode::preferred;
  if (text == "required") return Mode::required;
  throw Error("attestation is \"" + printable(text) + "\"; it must be none, preferred or required");
}

void check(const Policy& policy) {
  if (!policy.provider.empty() && !known_provider(policy.provider))
    throw Error("the attestation's provider is \"" + printable(policy.provider) +
                "\"; it must be tdx_guest or sev_guest, or be left out for either");
  for (const std::string& text : policy.measurements) check_measurement(policy, text);
  if (!policy.verifier.empty()) words_of(policy.verifier);
  if (policy.verifier_limit.count() <= 0) throw Error("the attestation's verifier is given no time; give it 30 seconds");
}

}  // namespace shardlm::attest
