// Cuts an answer before the first of several texts that end it, wherever the pieces that it comes in part them.
#pragma once

#include <string>
#include <vector>

namespace shardlm::app {

class StopTexts {
 public:
  // Throws Error for an empty text, and for one that is not UTF-8.
  explicit StopTexts(std::vector<std::string> texts);

  // piece: whole characters. Returns what can be shown: all but what may still become a stop text, and nothing after one. Where several overlap,
  // the one that is complete first counts, so that what is shown does not depend on how the answer came in pieces.
  std::string push(const std::string& piece);
  // What was held back at the end of an answer, without a stop text in it.
  std::string flush();
  bool found() const { return found_; }

 private:
  std::size_t may_become_one() const;  // bytes at the end of what is held

  std::vector<std::string> texts_;
  std::string held_;
  bool found_ = false;
};

}  // namespace shardlm::app
