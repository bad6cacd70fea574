// Party: what a rank can do with wires. The model is written once in terms of it; who runs it decides what it means.
//
// A Server computes on masked values and shares, the Dealer on masks, the Ledger on shapes alone (it counts). Every call is
// made by servers and dealer in the same order with the same shapes; which calls are made never depends on data.
//
// Only open() communicates between the servers, one round a call. Everything else is local, given what the dealer sent:
// words (shares of functions of masks: server 0's from the stream K0, server 1's sent) and DPF correction words.
// [y] below: the servers' additive shares of a dealer's value y.
#pragma once

#include "shardlm/core/trace.hpp"
#include "shardlm/crypto/dpf.hpp"
#include "shardlm/mpc/linear.hpp"
#include "shardlm/mpc/wires.hpp"

#include <utility>
#include <vector>

namespace shardlm::mpc {

// What a run costs one party. Values travel in ceil(ring / 8) bytes each, opened bits eight to a byte.
struct Costs {
  std::uint64_t rounds = 0;        // openings between the servers
  std::uint64_t opened_bytes = 0;  // sent by one server to the other
  std::uint64_t dealt_bytes = 0;   // words sent by the dealer to server 1
  std::uint64_t key_bytes = 0;     // DPF correction words sent by the dealer to each server
  std::uint64_t prg_blocks = 0;    // ChaCha blocks of one server's DPF readings, before any saving that a kernel finds
  friend Costs operator-(Costs a, const Costs& b) {
    return {a.rounds - b.rounds, a.opened_bytes - b.opened_bytes, a.dealt_bytes - b.dealt_bytes, a.key_bytes - b.key_bytes,
            a.prg_blocks - b.prg_blocks};
  }
  friend bool operator==(const Costs& a, const Costs& b) {
    return a.rounds == b.rounds && a.opened_bytes == b.opened_bytes && a.dealt_bytes == b.dealt_bytes && a.key_bytes == b.key_bytes &&
           a.prg_blocks == b.prg_blocks;
  }
};

// Secret signs of look-ups, +-1 as words, known to the dealer alone; elsewhere a shape.
struct Sign {
  Tensor x;
};

// Two columns read with one key: sign * column[index].
struct LookedUp {
  Shared a, b;
  Sign sign;
};
struct LookedUpCells {
  Shared value;
  Sign sign;
};

struct ProductTerms;  // a product's expansion, as the kernels read it

class Party {
 public:
  Party() = default;
  virtual ~Party() = default;
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;

  struct Opened {
    std::vector<Masked> masked;
    std::vector<Bit> bits;
  };
  // Shares become masked values, all in one round. Server b adds its mask share r_b and sends the result cut to the ring (an uncut
  // carry would leak); v = sum of both. The dealer's share never travels: r = r_0 + r_1 - d.
  Opened open(const std::vector<Shared>& wires, const std::vector<Bits>& bits = {});
  Masked open(const Shared& wire) { return open({wire}, {}).masked[0]; }

  // The same wire with the servers holding shares of its mask, dealt if they do not yet.
  Masked with_shares(const Masked& x);

  // Masked in Z_{2^k}, |x| < 2^(k-2) -> Shared in Z_{2^64}. With u = v + 2^(k-2): x = u - 2^(k-2) - r + 2^k msb(r) (1 - msb(u)).
  // (One bit of slack: Escudero et al., CRYPTO'20; SIGMA, section 4.) Deals 64 - k bits a value.
  Shared lift(const Masked& x);
  Shared truncate(const Masked& x, int t) { return lift(reduce(x, t)); }

  // x + c, c a public word.
  Shared plus_public(const Shared& x, Word c);

  // op(a, b) = op(v, v') - op(v, [r']) - op([r], v') + d, d = op(r, r'); in the smaller of both rings.
  Shared multiply(const Masked& a, const Masked& b, const Bilinear& op);

  // x times every bit: the sum over all subsets S of the factors of prod_{not in S} p prod_{in S} q [prod_{in S} rho].
  Shared select(const Masked& x, const std::vector<Bit>& bits);
  // (sign A) sign bit: a look-up's value, opened, its sign removed, times a bit.
  Shared signed_select(const Masked& a, const Sign& sign, const Bit& bit);
  // (A + B x) and (A + B x) u, for a = sign A and b = sign B opened. a.scale = b.scale + x.scale.
  Shared spline(const Masked& a, const Masked& b, const Sign& sign, const Masked& x);
  Shared spline(const Masked& a, const Masked& b, const Sign& sign, const Masked& x, const Masked& u);

  // The sum of squares over the last axis: Masked in Z_{2^k}, 32 <= k < 64 -> Shared in Z_{2^64}; the square of lift's expression.
  Shared sum_of_squares(const Masked& x);

  // A linear layer on a masked wire. Public weights: servers W v + bias, dealer W r, no communication. Secret: project_secret, opened.
  Masked project(const Linear& layer, const Masked& x);
  // A linear layer on shares, without bias. Public weights: every rank W times its own. Secret: opens x, then project_secret.
  Shared project_back(const Linear& layer, const Shared& x);
  // The same from a masked wire, with the bias: secret weights need no round for it.
  Shared project_to_shares(const Linear& layer, const Masked& x);
  // W = W_0 + W_1: server b W_b v, dealer bias - W r. No words are dealt, no communication.
  Shared project_secret(const Linear& layer, const Masked& x);
  // Every row of shares plus a layer's bias, a public vector.
  Shared plus_bias(const Linear& layer, const Shared& x);

  // sign * table[(x >> drop) mod 2^m], results in Z_{2^ring} at the given scales. The index is floor(x / 2^drop) or one more.
  LookedUp look_up(const crypto::LineTable& table, const Masked& x, int drop, int ring, int scale_a, int scale_b);
  // The same, zero outside the table's window, over the whole ring of x >> drop: nothing wraps.
  LookedUp look_up(const crypto::WindowTable& table, const Masked& x, int drop, int scale_a, int scale_b);
  // One table read at x >> drops[e] for every e: [drops] + x's shape, in Z_{2^64}.
  LookedUpCells look_up(const crypto::CellTable& table, const Masked& x, const std::vector<int>& drops, int scale);

  // For each public knot p: [x < p], exact where |x - p| < 2^(k-1): [knots] + x's shape. With u = v - p:
  // msb(x - p) = msb(u) ^ msb(r) ^ [u_low < r_low]. One DPF key a value, one path a knot.
  Bits less_than(const Masked& x, const std::vector<Word>& knots);
  // below [e] = [x < knot_e], knots rising -> [e + 1]: between the knots: bit e is [knot_{e-1} <= x < knot_e], open at both ends.
  Bits between(const Bits& below);

  // The client's shares of a tensor; and a shared tensor to the client, re-randomised so that it learns the sum alone.
  virtual Shared input(const Shape& shape, int scale) = 0;
  virtual void output(const Shared& x) = 0;

  const Costs& costs() const { return costs_; }

  // Who records where this party's time goes; null: nobody.
  trace::Recorder* recorder() const { return recorder_; }
  void record(trace::Recorder* recorder) { recorder_ = recorder; }

  // What the operations below pass to one another. Public because nvcc names the arguments of every function that holds a kernel.
  enum class Base { plain, signed_value, spline };
  // A factor p + q rho of a product: a Masked (p = v, q = -1) or a Bit (p = v, q = 1 - 2 v).
  struct Factor {
    Tensor x, share;     // share: of the mask, if there is one
    bool bit = false, inverted = false, shared = false;
  };
  // base: 1; sign a; sign (a + b x): times the factors, in Z_{2^ring}.
  struct Product {
    Base base = Base::plain;
    Tensor a, b, x, sign;
    std::vector<Factor> factors;
    Shape shape;
    int ring = 64;
  };
  struct Pair {
    Tensor a, b;
  };

 protected:
  static ProductTerms product_terms(const Product& product);

  virtual bool adds_public() const = 0;  // server 0
  virtual void do_open(const std::vector<Shared>& wires, const std::vector<Bits>& bits, Opened& out) = 0;  // fills in the words
  virtual Tensor do_shares(const Masked& x) = 0;
  virtual Tensor do_lift(const Masked& x) = 0;
  virtual Tensor do_multiply(const Masked& a, const Masked& b, const Bilinear& op, int ring) = 0;
  virtual Tensor do_product(const Product& product) = 0;
  virtual Tensor do_sum_of_squares(const Masked& x) = 0;
  virtual Tensor do_project(const Linear& layer, const Masked& x) = 0;
  virtual Tensor do_project_back(const Linear& layer, const Shared& x) = 0;
  virtual Tensor do_project_secret(const Linear& layer, const Masked& x) = 0;
  virtual Pair do_look_up(const crypto::LineTable& table, const Masked& index, Sign& sign, int ring) = 0;
  virtual Pair do_look_up(const crypto::WindowTable& table, const Masked& index, Sign& sign) = 0;
  virtual Tensor do_look_up(const crypto::CellTable& table, const Masked& x, const std::vector<int>& drops, Sign& sign) = 0;
  virtual Tensor do_less_than(const Masked& x, const std::vector<Word>& knots) = 0;

  Costs costs_;

 private:
  trace::Recorder* recorder_ = nullptr;
  static Product line(const Masked& a, const Masked& b, const Sign& sign, const Masked& x);  // (A + B x), not yet multiplied out
  Shared product(Product p, int scale);
};

}  // namespace shardlm::mpc
