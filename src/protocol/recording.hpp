// A request in a rank's trace.
#pragma once

#include <functional>
#include <optional>

#include "shardlm/mpc/party.hpp"

namespace shardlm::protocol {

// The whole request is one region of a rank's trace; bytes: what is counted in its regions beside rounds.
class Recording {
 public:
  Recording(trace::Recorder* recorder, mpc::Party& party, std::function<std::uint64_t()> bytes) : recorder_(recorder) {
    if (recorder_) recorder_->count([&party, bytes = std::move(bytes)] { return trace::Counts{bytes(), party.costs().rounds}; });
    party.record(recorder_);
    scope_.emplace(recorder_, trace::Region::request);
  }
  ~Recording() {
    scope_.reset();
    if (recorder_) recorder_->count({});
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  trace::Recorder* recorder_;
  std::optional<trace::Scope> scope_;
};

}  // namespace shardlm::protocol
