#include "chat.hpp"

#include <signal.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "chat_session.hpp"
#include "choices.hpp"
#include "interrupt.hpp"
#include "job.hpp"
#include "memory.hpp"
#include "shardlm/qwen/plain.hpp"

namespace shardlm::app {
namespace {

// Tokens of a question for which memory is wanted before the first one; each question is looked at again.
constexpr std::size_t kQuestion = 64;

class PrivateEngine : public ChatEngine {
 public:
  PrivateEngine(protocol::Client& client, const io::ModelConfig& config, const JobOptions& options, std::uint64_t available)
      : client_(client), config_(config), options_(options), available_(available) {}

  void begin(std::size_t prompt, std::size_t decode, std::size_t kept, std::size_t capacity) override {
    client_.announce({prompt, decode, kept, capacity, options_.pad_to > 0});
  }
  std::vector<float> step(const std::vector<text::Token>& tokens) override { return client_.step(tokens); }
  std::optional<Reports> finish() override { return client_.finish(); }
  std::string trouble(std::size_t prompt, std::size_t kept, std::size_t capacity) override {
    const std::uint64_t needed = bytes_needed(config_, prompt, capacity, options_.dealer_ahead, kept);
    if (needed <= available_) return "";
    return "a question of " + std::to_string(prompt) + " tokens after " + std::to_string(kept) + " needs about " + readable(needed) +
           " of memory on each of the servers and the dealer, and there is " + readable(available_) +
           ": ask something shorter, or in parts";
  }
  void while_waiting() override { client_.still_here(); }

 private:
  protocol::Client& client_;
  const io::ModelConfig& config_;
  const JobOptions& options_;
  std::uint64_t available_;
};

class PlainEngine : public ChatEngine {
 public:
  explicit PlainEngine(const qwen::PlainModel& model) : model_(model) {}
  void begin(std::size_t, std::size_t, std::size_t kept, std::size_t) override {
    if (kept == 0) session_ = std::make_unique<qwen::PlainSession>(model_);
  }
  std::vector<float> step(const std::vector<text::Token>& tokens) override { return session_->forward(tokens); }
  std::optional<Reports> finish() override { return std::nullopt; }

 private:
  const qwen::PlainModel& model_;
  std::unique_ptr<qwen::PlainSession> session_;
};

}  // namespace

void prepare_for_interrupts(const ChatOptions& o, const Launch& launch) {
  if (launch.rank != 0) interrupts_are_awaited();
  interrupt_on(SIGUSR1);
  if (o.protocol == "plain") interrupt_on(SIGINT);
}

int chat_private(const ChatOptions& o, const std::string& trouble) {
  std::optional<ChatSession> session;
  std::uint64_t available = 0;
  ClientPart part;
  if (!o.system.value_or("").empty()) part.told = "--system";
  part.prepare = [&](const io::ModelFile& model) -> Extent {
    session.emplace(o, model.config(), model.tokenizer_json(), model.chat_template());
    return {std::min(std::max(kQuestion, o.pad_to), session->capacity()), session->capacity()};
  };
  part.memory = [&available](std::uint64_t bytes) { available = bytes; };
  part.run = [&](protocol::Client& client, const io::ModelFile& model, double) {
    PrivateEngine engine(client, model.config(), o, available);
    session->run(engine);
  };
  return on_four_ranks(o, trouble, part);
}

int chat_plain(const ChatOptions& o) {
  refuse_private_options(o);
  int argc = 0;
  const Kokkos::ScopeGuard kokkos(argc, nullptr);
  const qwen::PlainModel model(o.model);
  ChatSession session(o, model.config(), model.tokenizer_json(), model.chat_template());
  PlainEngine engine(model);
  session.run(engine);
  return 0;
}

}  // namespace shardlm::app
