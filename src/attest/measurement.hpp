// The measurements that a policy expects, in its words.
#pragma once

#include "report.hpp"

namespace shardlm::attest {

// Registers and what they must hold, all of them. One named "" is MEASUREMENT of SEV-SNP or MRTD of TDX.
using Expected = std::vector<std::pair<std::string, Register>>;

Expected expected_from(const std::string& text);  // Error for a text that is not as a policy's

bool fits(const Report& report, const Expected& expected);
// The names of those registers, as the report has them: "measurement", "mrtd, rtmr1 and rtmr2".
std::vector<std::string> names_of(const Report& report, const Expected& expected);
// The report's registers in a policy's words.
std::string text_of(const Report& report);

}  // namespace shardlm::attest
