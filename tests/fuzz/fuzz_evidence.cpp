// What another rank presents as attestation evidence, and a deck's policy, by the first byte modulo 4.
//   0: the rest is evidence as it travels    1: an SEV-SNP report    2: a TDX quote
//   3: the rest is an expected measurement and a verifier command, cut at a zero byte
#include "../../src/attest/command.hpp"
#include "../../src/attest/measurement.hpp"
#include "shardlm/attest/verify.hpp"
#include "target.hpp"

using namespace shardlm;
using namespace shardlm::attest;

namespace {

const UserData kUserData = {'f', 'u', 'z', 'z'};

// What is taken was written as it stands, and is of the measurement, provider and user data that are expected.
void evidence(const Bytes& bytes) {
  fuzz::may_refuse([&] { fuzz::require(pack(parse(bytes)) == bytes); });
  Policy policy;
  policy.mode = Mode::required;
  policy.measurements = {std::string(96, '5'), "mrtd=" + std::string(96, 'd') + ",rtmr3=" + std::string(96, 'e')};
  fuzz::may_refuse([&] {
    const Verdict verdict = verify(policy, bytes, kUserData);
    const Evidence taken = parse(bytes);
    const Report report = read_report(taken.provider, taken.report);
    fuzz::require(verdict.hardware && verdict.measured && !verdict.verified && !report.debug);
    fuzz::require(report.report_data == report_data_of(kUserData));
    fuzz::require(verdict.summary.find("signature not verified") != std::string::npos);
  });
}

// Whatever is read of a report can be expected of it.
void report(const std::string& provider, const Bytes& bytes) {
  fuzz::may_refuse([&] {
    const Report report = read_report(provider, bytes);
    fuzz::require(fits(report, expected_from(text_of(report))));
  });
  evidence(pack({provider, bytes.empty() ? Bytes(1) : bytes, {}, {}}));
}

void policy(const Bytes& bytes) {
  const std::vector<std::string> texts = fuzz::parts(bytes.data(), bytes.size(), 2);
  fuzz::may_refuse([&] { fuzz::require(!expected_from(texts[0]).empty()); });
  fuzz::may_refuse([&] {
    for (const std::string& word : words_of(texts[1])) fuzz::require(word.find_first_of(" \t\n\"'`\\$&|;<>()*?[]~#!") == std::string::npos);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMostEvidence / 2) return 0;
  const Bytes rest(data + 1, data + size);
  switch (data[0] % 4) {
    case 0:
      evidence(rest);
      break;
    case 1:
      report("sev_guest", rest);
      break;
    case 2:
      report("tdx_guest", rest);
      break;
    default:
      policy(rest);
  }
  return 0;
}
