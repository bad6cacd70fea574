#include "shardlm/attest/verify.hpp"

#include <algorithm>

#include "command.hpp"
#include "measurement.hpp"

namespace shardlm::attest {
namespace {

Error refused(const std::string& why) { return Error("the peer's attestation is refused: " + why); }

Report report_of(const Evidence& evidence) {
  try {
    return read_report(evidence.provider, evidence.report);
  } catch (const Error& why) {
    throw refused(why.what());
  }
}

// The names of the registers that fit; none where none are expected.
std::vector<std::string> check_measurements(const Policy& policy, const Report& report) {
  for (const std::string& text : policy.measurements)
    if (const Expected expected = expected_from(text); fits(report, expected)) return names_of(report, expected);
  if (policy.measurements.empty()) return {};
  throw refused("its measurement is none of those expected (" + std::to_string(policy.measurements.size()) + "): it is " + text_of(report));
}

void check_gpu(const Policy& policy, const std::optional<GpuState>& gpu) {
  if (!policy.gpu) return;
  if (!gpu) throw refused("it says nothing about GPUs, and confidential ones are demanded; look at the peer's NVIDIA driver");
  if (const std::string why = fault(*gpu); !why.empty())
    throw refused("confidential GPUs are demanded, and of the peer's it says that " + why);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text = names[0];
  for (std::size_t i = 1; i < names.size(); ++i) text += (i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

std::string summary_of(const Policy& policy, const Evidence& evidence, std::vector<std::string> names) {
  std::string text = "attestation: " + evidence.provider + ", ";
  if (names.empty()) {
    text += "user data matches, measurement not compared (none named)";
  } else {
    names.insert(names.begin(), "user data");
    text += list_of(names) + " match";
  }
  text += policy.verifier.empty() ? "; signature not verified (no verifier named)" : "; verified by " + name_of(policy.verifier);
  if (!evidence.gpu) return text;
  const std::string why = fault(*evidence.gpu);
  return text + (why.empty() ? "; GPUs confidential by the peer's word" : "; GPUs not confidential: " + why);
}

}  // namespace

Verdict verify(const Policy& policy, const Bytes& bytes, const UserData& user_data) {
  check(policy);
  if (policy.mode == Mode::none) return {};
  const Evidence evidence = parse(bytes);
  if (evidence.provider.empty()) {
    if (policy.mode != Mode::required) return {};
    throw Error(
        "attestation is required, but the peer presents no report of a protected machine; start it in an Intel TDX or AMD SEV-SNP "
        "guest, or set attestation to preferred or none");
  }
  const ReportData data = report_data_of(user_data);
  if (!policy.provider.empty() && policy.provider != evidence.provider)
    throw refused("it is of " + evidence.provider + ", and " + policy.provider + " is demanded");
  const Report report = report_of(evidence);
  if (report.report_data != data) throw refused("its report was not made for this peer in this run, because it holds other user data");
  if (report.debug) throw refused("its host or tools may look into its machine, which was started for debugging");
  const std::vector<std::string> names = check_measurements(policy, report);
  check_gpu(policy, evidence.gpu);
  if (!policy.verifier.empty()) run_verifier(policy.verifier, evidence, data, policy.verifier_limit);
  Verdict verdict;
  verdict.summary = summary_of(policy, evidence, names);
  verdict.hardware = true;
  verdict.measured = !names.empty();
  verdict.verified = !policy.verifier.empty();
  verdict.gpu = evidence.gpu && fault(*evidence.gpu).empty();
  return verdict;
}

}  // namespace shardlm::attest
