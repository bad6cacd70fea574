// Who computes a conversation's logits, and keeps its keys and values between turns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chat_stats.hpp"

namespace shardlm::app {

class ChatEngine {
 public:
  virtual ~ChatEngine() = default;
  // A turn: a prompt that takes `prompt` positions and up to `decode` tokens more after the `kept` ones, all that went through step()
  // before; 0 begins anew.
  virtual void begin(std::size_t prompt, std::size_t decode, std::size_t kept, std::size_t capacity) = 0;
  virtual std::vector<float> step(const std::vector<text::Token>& tokens) = 0;
  virtual std::optional<Reports> finish() = 0;
  // Why a turn cannot be computed, or "".
  virtual std::string trouble(std::size_t /*prompt*/, std::size_t /*kept*/, std::size_t /*capacity*/) { return ""; }
  virtual void while_waiting() {}
};

}  // namespace shardlm::app
