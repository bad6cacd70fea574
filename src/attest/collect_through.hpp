// collect() through files of a test's choice.
#pragma once

#include "shardlm/attest/collect.hpp"
#include "tsm.hpp"

namespace shardlm::attest {

Collected collect(const Policy& policy, const UserData& user_data, const Machine& machine, ReportFiles& files);

}  // namespace shardlm::attest
