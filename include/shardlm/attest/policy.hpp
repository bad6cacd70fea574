// What a rank demands of attestation, its own and a peer's, in the words of a deck.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "shardlm/core/error.hpp"

namespace shardlm::attest {

enum class Mode {
  none,       // nothing is collected, and what a peer presents is not looked at
  preferred,  // evidence is presented where there is some; a peer may have none, but what it presents must be right
  required,   // both this rank and the peer run on protected machines, or nothing runs
};
Mode mode_from(const std::string& text);  // "none", "preferred" or "required"

struct Policy {
  Mode mode = Mode::none;

  // Of the peer's report: "tdx_guest", "sev_guest", or "" for either.
  std::string provider;

  // Of the peer's report: any of these; none: it is not compared. Each is 96 hex digits, which stand for MEASUREMENT of SEV-SNP and MRTD of
  // TDX, or says which registers it means: "mrtd=<96 hex digits>,rtmr1=<96 hex digits>,rtmr2=<...>", all of which must fit. Names are
  // measurement (SEV-SNP), mrtd, rtmr0, rtmr1, rtmr2 and rtmr3 (TDX). MRTD alone covers a TDX guest's firmware, not what that has started.
  std::vector<std::string> measurements;

  // Of the peer's evidence: its GPUs must be in confidential computing mode.
  bool gpu = false;

  // The command that verifies the signature of the peer's report; "": nobody does. A program and its arguments, parted by blanks, such as
  //   check -in {report} -report_data {report_data_hex}      (of go-tdx-guest or go-sev-guest)
  //   /etc/shardlm/verify-snp                                (a script around snpguest fetch and snpguest verify)
  // It is run as it stands, without a shell: characters that a shell would take for more than themselves are refused, and what needs a
  // shell is a script that is named here. A peer's bytes reach it only as files. In arguments these stand for
  //   {report}           path of the report: ATTESTATION_REPORT or TDX quote
  //   {auxiliary}        path of what came with it: for SEV-SNP the host's certificate table; may be empty
  //   {report_data}      path of the 64 bytes that the report must hold
  //   {report_data_hex}  the same, as 128 hex digits
  //   {provider}         sev_guest or tdx_guest
  // and the same is in its environment as SHARDLM_REPORT, SHARDLM_AUXILIARY, SHARDLM_REPORT_DATA, SHARDLM_REPORT_DATA_HEX and
  // SHARDLM_PROVIDER. It runs in this rank's working folder and accepts by exit status 0. The files are in a folder for it alone (mode
  // 0700), where it may leave others, and which is removed when it has ended.
  std::string verifier;
  std::chrono::milliseconds verifier_limit{30000};
};

// Throws Error for a policy that no evidence could meet or that cannot be read, so that a deck's mistakes show before ranks meet.
void check(const Policy& policy);

}  // namespace shardlm::attest
