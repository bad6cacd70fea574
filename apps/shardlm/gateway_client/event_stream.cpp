#include "gateway_client/event_stream.hpp"

#include "shardlm/core/error.hpp"

namespace shardlm::app::remote {

void EventStream::push(const char* bytes, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const char c = bytes[i];
    const bool second_half = c == '\n' && after_return_;  // of a line's end of two characters
    after_return_ = c == '\r';
    if (second_half) continue;
    if (c == '\n' || c == '\r') {
      line();
      line_.clear();
    } else {
      line_ += c;
    }
    if (line_.size() + data_.size() > kMost) throw Error("the gateway sent an event of more than " + std::to_string(kMost >> 20) + " MiB");
  }
}

// Fields other than data, and comments, which begin with a colon, say nothing that matters here.
void EventStream::line() {
  if (line_.empty()) {
    if (has_data_) on_event_(data_);
    data_.clear();
    has_data_ = false;
    return;
  }
  if (line_.compare(0, 5, "data:") != 0) return;
  if (has_data_) data_ += '\n';
  data_ += line_.substr(line_.size() > 5 && line_[5] == ' ' ? 6 : 5);
  has_data_ = true;
}

}  // namespace shardlm::app::remote
