#include "gateway/connection.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>

#include <algorithm>
#include <cstring>

#include "shardlm/core/wipe.hpp"

namespace shardlm::app {
namespace {

constexpr std::size_t kHead = 32768;  // bytes of a request's first line and header fields

Connection::Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Connection::Clock::duration>(std::chrono::duration<double>(count));
}

void set(int socket, int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As RFC 9110, 5.6.2 has the names of fields.
bool is_token(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != 0 && std::strchr("!#$%&'*+-.^_`|~", c)); }

// The library skips lines that it cannot read and fields without a value, and undoes percent signs in values; others do not.
bool is_field(const std::string& line) {
  const auto colon = line.find(':'), end = line.size() - 2;
  if (line.size() < 2 || line[end] != '\r' || colon == std::string::npos || colon == 0) return false;
  if (!std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), is_token)) return false;
  const auto value = line.substr(colon + 1, end - colon - 1);
  if (value.find('\r') != std::string::npos || value.find('\0') != std::string::npos) return false;
  for (const char* name : {"Content-Length", "Transfer-Encoding", "Host", "Origin"})
    if (::strcasecmp(line.substr(0, colon).c_str(), name) == 0)
      return value.find('%') == std::string::npos && value.find_first_not_of(" \t") != std::string::npos;
  return true;
}

}  // namespace

bool Framing::takes(const char* bytes, std::size_t size) {
  if (part_ == Part::rest) return true;
  return std::all_of(bytes, bytes + size, [this](char byte) { return part_ == Part::line ? takes_of_head(byte) : takes_of_chunk(byte); });
}

bool Framing::takes_of_head(char byte) {
  line_ += byte;
  if (byte != '\n') return true;
  const bool sound = first_ || line_ == "\r\n" || is_field(line_);  // the first line is for the library
  first_ = false;
  line_.clear();
  return sound;
}

bool Framing::takes_of_chunk(char byte) {
  switch (part_) {
    case Part::size: return takes_of_size(byte);
    case Part::extension: return byte == '\r' ? go_on(true, Part::size_end) : byte != '\n';
    case Part::size_end: return go_on(byte == '\n', left_ > 0 ? Part::data : Part::last);
    case Part::data: return go_on(true, --left_ > 0 ? Part::data : Part::data_cr);
    case Part::data_cr: return go_on(byte == '\r', Part::data_end);
    case Part::data_end: digits_ = 0; return go_on(byte == '\n', Part::size);
    case Part::last: return go_on(byte == '\r', Part::last_end);  // fields after the last chunk are not taken
    case Part::last_end: return go_on(byte == '\n', Part::over);
    default: return false;
  }
}

// Digits alone: the library would take 0x2, +2 or a space, too.
bool Framing::takes_of_size(char byte) {
  const char small = static_cast<char>(byte | 0x20);
  if (is_digit(byte) || (small >= 'a' && small <= 'f')) {
    left_ = 16 * left_ + static_cast<std::uint64_t>(is_digit(byte) ? byte - '0' : small - 'a' + 10);
    return ++digits_ < 16;
  }
  return digits_ > 0 && (byte == ';' ? go_on(true, Part::extension) : go_on(byte == '\r', Part::size_end));
}

Connection::Connection(int socket, const GatewaySettings& settings) : socket_(socket), settings_(settings), deadline_(Clock::now() + seconds(settings.arrival)) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  // A peer whose machine went away says nothing at all; it is asked, and what it does not take is given up.
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 20);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

// A socket that is closed while there is something unread is reset, and the peer may lose an answer that says why. So it is read, for a moment.
void Connection::finish() {
  ::shutdown(socket_, SHUT_WR);
  const auto until = Clock::now() + std::chrono::milliseconds(spoiled_ ? 500 : 0);
  for (std::size_t taken = 0; spoiled_ && !left_ && taken < (std::size_t{4} << 20) && wait_for(POLLIN, until);) {
    const auto got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) break;
    taken += static_cast<std::size_t>(got);
  }
}

Connection::~Connection() {
  wipe(buffer_.data(), buffer_.size());
  ::close(socket_);
}

bool Connection::wait_for(short events, Clock::time_point until) const {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd look{socket_, events, 0};
    const int found = ::poll(&look, 1, static_cast<int>(std::clamp<long long>(left + (left > 0), 0, 3600000)));
    if (found > 0) return true;
    if (found < 0 && errno != EINTR) return false;
    if (left <= 0) return false;
  }
}

bool Connection::await_request() {
  idle_ = true;
  if (left_) return false;
  head_ = true;
  taken_ = 0;
  framing_.head();
  verdict.reset();
  access = {};
  if (begin_ < end_) {  // it came together with the one before
    idle_ = false;
    deadline_ = Clock::now() + seconds(settings_.arrival);
    answered_by_ = deadline_ + seconds(settings_.deadline + settings_.writing);
    return true;
  }
  wipe(buffer_.data(), buffer_.size());  // it holds what was asked before
  const bool came = wait_for(POLLIN, first_ ? deadline_ : Clock::now() + seconds(settings_.idle));
  idle_ = false;
  if (!first_) deadline_ = Clock::now() + seconds(settings_.arrival);
  answered_by_ = deadline_ + seconds(settings_.deadline + settings_.writing);
  first_ = false;
  return came && !left_ && fill() > 0;
}

ssize_t Connection::fill() {
  for (;;) {
    if (!wait_for(POLLIN, deadline_)) {
      late_ = true;
      return -1;
    }
    const auto got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    begin_ = 0;
    end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got;
  }
}

ssize_t Connection::read(char* into, size_t size) {
  // Chunks of a byte each need six for it, lines between chunks may be of any length: that is bounded, too.
  if (taken_ >= (head_ ? kHead : kHead + 8 * settings_.max_body)) {
    large_ = true;
    return -1;
  }
  if (begin_ == end_) {
    const auto got = fill();
    if (got <= 0) return got;
  }
  const auto taken = std::min(size, end_ - begin_);
  std::memcpy(into, buffer_.data() + begin_, taken);
  begin_ += taken;
  taken_ += taken;
  if (!framing_.takes(into, taken)) {
    malformed_ = true;
    spoil();
    return -1;
  }
  return static_cast<ssize_t>(taken);
}

ssize_t Connection::write(const char* from, size_t size) {
  // A time for each piece, and one for all: whoever takes a byte now and then would else hold a connection and a place in the queue for hours.
  const auto until = std::min(Clock::now() + seconds(settings_.writing), answered_by_);
  for (std::size_t sent = 0; sent < size;) {
    if (Clock::now() > until) return -1;
    const auto took = ::send(socket_, from + sent, size - sent, MSG_NOSIGNAL);
    if (took > 0) {
      sent += static_cast<std::size_t>(took);
    } else if (errno != EINTR && (errno != EAGAIN || !wait_for(POLLOUT, until))) {
      return -1;
    }
  }
  return static_cast<ssize_t>(size);
}

bool Connection::gone() const {
  pollfd look{socket_, POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0;
}

void Connection::hang_up() {
  left_ = true;
  spoiled_ = true;
  ::shutdown(socket_, SHUT_RDWR);
}

void Connection::leave() {
  left_ = true;
  if (idle_) ::shutdown(socket_, SHUT_RD);
}

int Connection::status_of_broken(int status) const { return status != 400 ? status : large_ ? (head_ ? 431 : 413) : late_ ? 408 : status; }

}  // namespace shardlm::app
