// The dealer's stream to one server: records (words, DPF corrections) in the order in which the protocol uses them, cut into
// large packets. The dealer runs ahead by a bounded number of bytes and never waits for data of the servers'.
//
// A record: kind, sequence number, size, then its bytes. The server says what it expects; anything else is an error. A
// packet's first byte tells whether it is the last one, so that a server can burn what an ended answer did not use.
#pragma once

#include "shardlm/core/trace.hpp"
#include "shardlm/net/world.hpp"

#include <deque>
#include <functional>

namespace shardlm::mpc {

enum class Record : std::uint32_t { words = 1, corrections = 2 };

// What the dealer's append throws when the client says that the answer has ended.
struct Stopped {};

class DealSender {
 public:
  // ahead: bytes that may be under way to this server. stop: polled while waiting and before every record.
  // A request of number 0 is not announced yet: all is kept, without a bound, until release().
  DealSender(net::World& world, net::Role to, std::uint64_t request, std::size_t ahead, std::function<bool()> stop);
  void append(Record kind, const std::uint8_t* bytes, std::size_t size);
  void flush();   // hands over what is gathered, so that a server that waits can go on
  void finish();  // the last packet, and waits until all have gone
  // Hands over what is gathered where the server has nothing else under way; cheap, for before long work.
  void nudge();
  std::uint64_t payload(Record kind) const { return payload_[kind == Record::corrections]; }  // bytes so far, headers not counted
  void record(trace::Recorder* recorder) { recorder_ = recorder; }
  double waited() const { return waited_; }  // seconds that the dealer was as far ahead as it may be
  // While one of a pair waits for room the other hands over what it holds: else each server might wait for the other.
  friend void pair(DealSender& a, DealSender& b);
  // The request was announced: sends what is kept, a packet to each in turn, so that neither server waits for all of the other's.
  friend void release(DealSender& a, DealSender& b, std::uint64_t request);

 private:
  struct InFlight {
    net::Packet packet;
    net::Transfer transfer;
  };
  void put(const std::uint8_t* bytes, std::size_t size);
  void dispatch(bool last);
  void send(net::Packet packet);
  bool keeps() const { return request_ == 0; }
  void collect();        // frees what has gone
  void make_room();      // waits until a packet fits
  void await_room();
  net::World& world_;
  net::Role to_;
  std::uint64_t request_;
  DealSender* partner_ = nullptr;
  trace::Recorder* recorder_ = nullptr;
  double waited_ = 0;
  std::size_t ahead_, under_way_ = 0;
  std::function<bool()> stop_;
  std::deque<InFlight> in_flight_;
  std::deque<net::Packet> kept_;
  net::Packet current_;
  std::uint64_t sequence_ = 0, payload_[2] = {0, 0};
};

void pair(DealSender& a, DealSender& b);
void release(DealSender& a, DealSender& b, std::uint64_t request);

class DealReceiver {
 public:
  DealReceiver(net::World& world, std::uint64_t request);
  // The next record's bytes, valid until the next call. Throws Error where the stream holds something else.
  const std::uint8_t* take(Record kind, std::size_t size);
  ~DealReceiver();
  DealReceiver(const DealReceiver&) = delete;
  DealReceiver& operator=(const DealReceiver&) = delete;
  void drain();  // receives and wipes the rest of the stream
  std::uint64_t payload(Record kind) const { return payload_[kind == Record::corrections]; }
  double waited() const { return waited_; }  // seconds without work because the dealer had not dealt yet

 private:
  void post();
  void next_packet();
  void get(std::uint8_t* to, std::size_t size);
  net::World& world_;
  std::uint64_t request_;
  struct {
    net::Packet packet;
    net::Transfer transfer;
  } next_;
  net::Packet current_;
  std::size_t at_ = 0;
  bool last_ = false;
  MessageBuffer joined_;
  std::uint64_t sequence_ = 0, payload_[2] = {0, 0};
  double waited_ = 0;
};

}  // namespace shardlm::mpc
