// Ledger: Party on shapes alone. It counts what a run will cost, exactly, without doing it.
#pragma once

#include "shardlm/mpc/party.hpp"

namespace shardlm::mpc {

class Ledger : public Party {
 public:
  Shared input(const Shape& shape, int scale) override { return {Tensor(shape), scale, 64, false}; }
  void output(const Shared& x) override { output_words_ += x.x.size(); }
  std::uint64_t output_words() const { return output_words_; }  // sent to the client by each of three ranks, 8 bytes each

 protected:
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
  void dealt(std::size_t n, int k) { costs_.dealt_bytes += n * std::size_t(bytes_of(k)); }
  void keys(int m, std::size_t n, std::uint64_t blocks_a_key);
  std::uint64_t output_words_ = 0;
};

}  // namespace shardlm::mpc
