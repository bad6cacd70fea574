// What a conversation's turns took and cost, beside what they should have cost.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "answering.hpp"
#include "costs.hpp"
#include "shardlm/io/model_config.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::app {

class ChatStats {
 public:
  ChatStats(const io::ModelConfig& config, const std::string& protocol) : config_(config), protocol_(protocol) {}

  // past: the positions that were kept from earlier turns; prompt: that this turn's question took, its padding among them. reports: none
  // where the answer was plain.
  void add(std::size_t past, std::size_t prompt, const Answer& answer, const std::optional<Reports>& reports);
  void clear() { turns_.clear(); }
  // A table of the last turn and of all.
  std::string table(std::size_t capacity);

 private:
  struct Turn {
    std::size_t turns = 0, past = 0, prompt = 0, tokens = 0, steps = 0;
    double prefill = 0, decode = 0;
    bool costly = false, predicted_yet = false, servers_agree = true;
    mpc::Costs counted, predicted;
    Turn& operator+=(const Turn& other);
  };

  const io::ModelConfig& config_;
  const std::string protocol_;
  std::vector<Turn> turns_;
};

}  // namespace shardlm::app
