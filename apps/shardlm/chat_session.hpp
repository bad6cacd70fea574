// A conversation: lines of standard input, answers on standard output. All that only the client may know.
#pragma once

#include <string>
#include <vector>

#include "answering.hpp"
#include "chat_engine.hpp"
#include "line_reader.hpp"
#include "options.hpp"
#include "shardlm/io/model_config.hpp"

namespace shardlm::app {

class ChatSession {
 public:
  // Throws Error for a model or options that cannot be used.
  ChatSession(const ChatOptions& options, const io::ModelConfig& config, const std::string& tokenizer_json,
              const std::string& chat_template);

  std::size_t capacity() const { return capacity_; }
  // Until /exit or the end of standard input. Throws what the engine throws.
  void run(ChatEngine& engine);

 private:
  bool command(const std::string& line);  // was it one, and is done?
  void ask(ChatEngine& engine, const std::string& question);
  std::vector<text::Token> prompt(const std::string& question) const;
  void check_room(ChatEngine& engine, const std::vector<text::Token>& prompt) const;
  void reset();
  void note(const std::string& text) const;

  const ChatOptions& options_;
  const std::size_t vocabulary_, capacity_;
  const bool interactive_;
  const std::string system_;
  Answerer answerer_;
  ChatStats stats_;
  LineReader input_;
  std::vector<text::Token> seen_;  // the conversation's tokens
  std::size_t kept_ = 0;           // of them, how many the engine keeps: all, or all but the last; none where prompts are padded
};

}  // namespace shardlm::app
