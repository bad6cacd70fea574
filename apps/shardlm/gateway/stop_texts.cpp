#include "gateway/stop_texts.hpp"

#include <algorithm>

#include "shardlm/core/error.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::app {
namespace {

bool whole_characters(const std::string& text) {
  text::Utf8Stream stream;
  return stream.push(text) == text;  // broken bytes would be replaced, an unfinished character held back
}

}  // namespace

StopTexts::StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
  for (const std::string& text : texts_) {
    if (text.empty()) throw Error("a stop text is empty: leave it out");
    if (!whole_characters(text)) throw Error("a stop text is not UTF-8");
  }
}

std::string StopTexts::push(const std::string& piece) {
  if (found_) return {};
  if (texts_.empty()) return piece;
  held_ += piece;
  std::size_t start = 0, end = std::string::npos;
  for (const std::string& text : texts_) {
    const std::size_t at = held_.find(text);
    if (at == std::string::npos || at + text.size() > end || (at + text.size() == end && at > start)) continue;
    start = at;
    end = at + text.size();
  }
  found_ = end != std::string::npos;
  std::string shown = held_.substr(0, found_ ? start : held_.size() - may_become_one());
  held_.erase(0, found_ ? std::string::npos : shown.size());
  return shown;
}

std::size_t StopTexts::may_become_one() const {
  std::size_t most = 0;
  for (const std::string& text : texts_)
    for (std::size_t n = std::min(text.size() - 1, held_.size()); n > most; --n)
      if (held_.compare(held_.size() - n, n, text, 0, n) == 0) most = n;
  return most;
}

std::string StopTexts::flush() {
  std::string rest;
  rest.swap(held_);
  return rest;
}

}  // namespace shardlm::app
