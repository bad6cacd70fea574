#include "shardlm/attest/collect.hpp"

#include <unistd.h>

#include "collect_through.hpp"
#include "nvml.hpp"
#include "printable.hpp"
#include "report.hpp"
#include "tsm.hpp"

namespace shardlm::attest {
namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// The root and a path below it.
std::string below(const std::string& root, const std::string& path) {
  return (root.empty() || root.back() != '/' ? root + "/" : root) + path;
}

// Says why there is nothing at all to ask.
Error no_interface(const std::string& root, const std::string& reports) {
  for (const auto& [device, kind] : {std::pair{"dev/tdx_guest", "an Intel TDX"}, std::pair{"dev/sev-guest", "an AMD SEV-SNP"}})
    if (const std::string path = below(root, device); exists(path))
      return Error(std::string("this machine is ") + kind + " guest, as " + path + " says, but " + reports +
                   " is missing; mount configfs there (mount -t configfs none /sys/kernel/config), on Linux 6.7 or newer");
  return Error("this machine is no Intel TDX or AMD SEV-SNP guest: " + below(root, "dev/tdx_guest") + ", " + below(root, "dev/sev-guest") +
               " and " + reports + " are missing; start this rank in such a guest");
}

// The host has its hand in this, and an old report does not help anybody: better to hear it here than from the peer.
void check_own(const TsmReport& report, const ReportData& data) {
  if (!known_provider(report.provider))
    throw Error("the kernel's attestation reports are of \"" + printable(report.provider) + "\", which this program does not know");
  if (read_report(report.provider, report.report).report_data != data)
    throw Error(
        "the attestation report that this machine was given is one for other data than this rank's; look at the host's quoting service");
}

void add_report(const ReportData& data, const Machine& machine, ReportFiles& files, Evidence& evidence) {
  const std::string reports = below(machine.root, "sys/kernel/config/tsm/report");
  if (!exists(reports)) throw no_interface(machine.root, reports);
  TsmReport report = take_report(files, reports, data, {machine.patience});
  check_own(report, data);
  evidence.provider = std::move(report.provider);
  evidence.report = std::move(report.report);
  evidence.auxiliary = std::move(report.auxiliary);
}

}  // namespace

Collected collect(const Policy& policy, const UserData& user_data, const Machine& machine) {
  KernelFiles files;
  return collect(policy, user_data, machine, files);
}

Collected collect(const Policy& policy, const UserData& user_data, const Machine& machine, ReportFiles& files) {
  check(policy);
  Collected collected;
  if (policy.mode == Mode::none) return collected;
  try {
    add_report(report_data_of(user_data), machine, files, collected.evidence);
  } catch (const Error& why) {
    if (policy.mode == Mode::required)
      throw Error(std::string("attestation is required, but ") + why.what() + " (or set attestation to preferred or none)");
    collected.no_report = why.what();
  }
  collected.evidence.gpu = gpu_state(machine.nvml, collected.no_gpu);
  return collected;
}

}  // namespace shardlm::attest
