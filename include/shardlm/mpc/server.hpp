// Server: Party on masked values and one additive share of every secret.
#pragma once

#include "shardlm/mpc/dealing.hpp"
#include "shardlm/mpc/party.hpp"

#include <array>

namespace shardlm::mpc {

// Where a server's time goes, in seconds.
enum class Part { linear, look_up, comparison, opening, dealer, other };
constexpr int kParts = 6;
const char* name(Part part);

// What one conversation is to a server: its place in the streams. Key material is used once, in order.
struct ServerRequest {
  std::uint64_t id = 0;
  crypto::Salt salt{};
  std::uint64_t serial = 0;  // of the next DPF
  crypto::Stream own;        // K0 or K1: shared with the dealer
  crypto::Stream common;     // K01: shared with the other server, unknown to the dealer
  DealReceiver dealt;
};

class Server : public Party {
 public:
  Server(net::World& world, ServerRequest& request);
  ~Server() override;
  Shared input(const Shape& shape, int scale) override;  // waits for the client, unless it was given
  // This server's share of the next input, where it does not come as a message: it was computed from one.
  void give_input(const Tensor& share) { given_ = share; }
  void output(const Shared& x) override;                 // starts sending to the client
  // Of `total` seconds of work the parts that were timed; the rest is `other`.
  std::array<double, kParts> seconds_of(double total) const;
  void finish_output();  // waits until the client has what was sent

  // Party's operations. Public because nvcc takes no device lambda in a member function that is not.
  bool adds_public() const override { return first_; }
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
  class Clock;
  Array<Word> dealt(std::size_t n, int k);  // this server's shares of n dealt words of Z_{2^k}
  crypto::DpfKeys keys(int m, std::size_t n);
  void exchange(std::size_t bytes);         // sends mine_ to the other server, receives theirs_

  net::World& world_;
  ServerRequest& request_;
  bool first_;
  net::Role peer_;
  net::Packet mine_, theirs_;
  Tensor given_;
  std::deque<std::pair<net::Packet, net::Transfer>> outputs_;  // packets must not move while they are sent
  std::array<double, kParts> seconds_{};
  Clock* clock_ = nullptr;
};

}  // namespace shardlm::mpc
