// One connection, as the HTTP library reads and writes it, with the limits that the library does not have: a request must arrive whole within a
// time, however slowly it trickles, its header fields must be of a size, and an answer must be taken.
#pragma once

#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/exchange.hpp"

namespace shardlm::app {

// Looks at a request's bytes for what the library reads otherwise than the proxies in front of it do, or passes over: two readers of one request
// must not disagree about where it ends, nor about who sends it.
class Framing {
 public:
  void head() { begin(Part::line); }
  void body(bool chunked) { begin(chunked ? Part::size : Part::rest); }
  bool takes(const char* bytes, std::size_t size);  // false: this is no request

 private:
  // Of the head its lines; of a chunk its size, what may follow that, its bytes and their end; the line after the last one.
  enum class Part { line, size, extension, size_end, data, data_cr, data_end, last, last_end, over, rest };
  void begin(Part part) {
    part_ = part;
    line_.clear();
    first_ = true;
    digits_ = left_ = 0;
  }
  bool takes_of_head(char byte);
  bool takes_of_chunk(char byte);
  bool takes_of_size(char byte);
  bool go_on(bool sound, Part next) {
    part_ = next;
    return sound;
  }

  Part part_ = Part::line;
  std::string line_;
  bool first_ = true;
  std::uint64_t digits_ = 0, left_ = 0;
};

class Connection : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;
  Connection(int socket, const GatewaySettings& settings);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Waits for a request's first byte. False: none came in time, or the peer is gone.
  bool await_request();
  void head_arrived(bool chunked) {
    head_ = false;
    taken_ = 0;
    framing_.body(chunked);
  }
  bool has_head() const { return !head_; }
  void finish();  // nothing more comes; the peer still gets what was written

  bool gone() const;            // did the peer hang up?
  void hang_up();               // nothing more is read or written
  void leave();                 // from another thread: ends it where it lies idle
  void spoil() { spoiled_ = true; }  // what follows on it is no request: an answer may be written, then it ends
  bool spoiled() const { return spoiled_; }
  bool malformed() const { return malformed_; }
  int status_of_broken(int status) const;  // what a request that HTTP could not read should be answered

  // Of the request that is being answered.
  std::optional<Reply> verdict;  // why it is not let in
  Access access;

  bool is_readable() const override { return begin_ < end_; }
  bool is_writable() const override { return !gone(); }
  ssize_t read(char* into, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

 private:
  ssize_t fill();
  bool wait_for(short events, Clock::time_point until) const;

  const int socket_;
  const GatewaySettings& settings_;
  std::array<char, 16384> buffer_;
  std::size_t begin_ = 0, end_ = 0, taken_ = 0;
  Clock::time_point deadline_;
  Clock::time_point answered_by_ = Clock::time_point::max();  // all of the answer is taken by then, or it is cut
  bool first_ = true, head_ = true, late_ = false, large_ = false, malformed_ = false;
  Framing framing_;
  std::atomic<bool> idle_{true}, left_{false}, spoiled_{false};
};

}  // namespace shardlm::app
