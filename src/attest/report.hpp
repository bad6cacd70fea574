// The two kinds of report, as far as the built-in check reads them. All numbers in them go low byte first.
//
// SEV-SNP ATTESTATION_REPORT: AMD, SEV Secure Nested Paging Firmware ABI Specification, publication 56860, table "ATTESTATION_REPORT
// Structure". 1184 (0x4a0) bytes.
//   0x000   4  VERSION; 2 to 5 have all of the following in the same places
//   0x008   8  POLICY, the guest's; bit 19: the host may debug the guest
//   0x034   4  SIGNATURE_ALGO; 1: ECDSA P-384 with SHA-384
//   0x048   4  bits 4 to 2 SIGNING_KEY; 0 VCEK, 1 VLEK, 7 none
//   0x050  64  REPORT_DATA
//   0x090  48  MEASUREMENT, of the guest's memory at launch
//   0x2a0 512  SIGNATURE, of all before it
//
// TDX quote, versions 4 and 5: Intel, TDX DCAP Quoting Library API, appendix on the TD quote's format; the same as sgx_quote_4.h and
// sgx_quote_5.h of Intel's SGXDataCenterAttestationPrimitives.
//     0   2  version            48     584  version 4: the body
//     2   2  kind of key        632         then the signature's length, 4 bytes, and the signature
//     4   4  TEE type; 0x81     48       2  version 5: kind of body, 2: TDX 1.0, 584 bytes; 3: TDX 1.5, 648 bytes
//                               50       4  its length
//                               54          the body, then the signature's length and the signature
// In the body, of either version:
//   120   8  TDATTRIBUTES; bits 7 to 0, TUD: if any is set, host or tools may look into the guest and it "should not be trusted" (section
//            "Extended TD Checks"); bit 0 is DEBUG
//   136  48  MRTD, of the guest's memory at launch
//   328  48  RTMR0, and RTMR1, RTMR2 and RTMR3 behind it: what the guest measured of what it started
//   520  64  REPORTDATA
// Bytes behind the signature are padding, as some hosts give.
#pragma once

#include <utility>

#include "shardlm/attest/evidence.hpp"

namespace shardlm::attest {

using Register = std::array<std::uint8_t, 48>;

struct Report {
  ReportData report_data{};
  bool debug = false;
  std::vector<std::pair<std::string, Register>> registers;  // in the words of a policy: measurement; mrtd, rtmr0 to rtmr3
};

bool known_provider(const std::string& provider);

// Throws Error for what is no report of this provider.
Report read_report(const std::string& provider, const Bytes& bytes);

}  // namespace shardlm::attest
