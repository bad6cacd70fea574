// Server-sent events, as a streamed answer comes.
#pragma once

#include <functional>
#include <string>

namespace shardlm::app::remote {

class EventStream {
 public:
  explicit EventStream(std::function<void(const std::string& data)> on_event) : on_event_(std::move(on_event)) {}
  // Bytes as they come; an event is told of when its empty line came. Throws Error for an event above kMost bytes.
  void push(const char* bytes, std::size_t n);

  static constexpr std::size_t kMost = std::size_t{4} << 20;

 private:
  void line();
  std::function<void(const std::string&)> on_event_;
  std::string line_, data_;
  bool has_data_ = false, after_return_ = false;
};

}  // namespace shardlm::app::remote
