// Dealer: Party on masks. It never receives data; it runs the same code ahead of the servers and streams them what they need.
#pragma once

#include "shardlm/mpc/dealing.hpp"
#include "shardlm/mpc/party.hpp"

namespace shardlm::mpc {

// What one request is to the dealer. id: 0 until it is announced; what is dealt before that is kept. K0 and K1 are two streams, never one: whoever lets server 0 draw from a stream that
// also makes server 1's masks hands it every mask.
struct DealerRequest {
  std::uint64_t id = 0;
  crypto::Salt salt{};
  std::uint64_t serial = 0;
  crypto::Stream k0, k1;
  DealSender to0, to1;
};

class Dealer : public Party {
 public:
  Dealer(net::World& world, DealerRequest& request) : world_(world), request_(request) {}
  ~Dealer() override;
  Shared input(const Shape& shape, int scale) override;  // receives nothing: the dealer's share of an input is zero
  void output(const Shared& x) override;
  void announced(std::uint64_t id);                      // the request that was dealt for ahead: sends what was kept
  void finish_output();                                  // waits until the client has what was sent
  std::uint64_t outputs() const { return sent_; }        // calls of output() so far

  // Party's operations. Public because nvcc takes no device lambda in a member function that is not.
  bool adds_public() const override { return false; }
  void do_open(const std::vector<Shared>& wires, const std::vector<Bits>& bits, Opened& out) override;
  Tensor do_shares(const Masked& x) override;
  Tensor do_lift(const Masked& x) override;
  Tensor do_multiply(const Masked& a, const Masked& b, const Bilinear& op, int ring) override;
  Tensor do_product(const Product& product) override;
  Tensor do_sum_of_squares(const Masked& x) override;
  Tensor do_project(const Linear& layer, const Masked& x) override;
  Tensor do_project_back(const Linear& layer, const Shared& x) override;
  Tensor do_project_secret(const Linear& layer, const Masked& x) override;
  Pair do_look_up(const crypto::LineTable& table, const Masked& index, Sign& sign, int ring) override;
  Pair do_look_up(const crypto::WindowTable& table, const Masked& index, Sign& sign) override;
  Tensor do_look_up(const crypto::CellTable& table, const Masked& x, const std::vector<int>& drops, Sign& sign) override;
  Tensor do_less_than(const Masked& x, const std::vector<Word>& knots) override;

 private:
  void deal(const Array<Word>& values, int k);              // shares of values mod 2^k: server 0's from K0, server 1's sent
  Array<Word> deal_keys(int m, const Array<Word>& alpha);   // DPF keys to both; returns the signs
  net::World& world_;
  DealerRequest& request_;
  MessageBuffer staging_;
  std::deque<std::pair<net::Packet, net::Transfer>> outputs_;  // packets must not move while they are sent
  std::deque<net::Packet> kept_outputs_;
  std::uint64_t sent_ = 0;
  void send_output(net::Packet packet);
  void nudge();
  std::uint8_t* staging(std::size_t bytes);
};

}  // namespace shardlm::mpc
