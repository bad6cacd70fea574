// What tests on four ranks share: a request between two servers and a dealer whose secrets the test itself makes, so that it
// can check every result. Every rank makes the same calls; the client only takes part in revealing.
#pragma once

#include "shardlm/mpc/dealer.hpp"
#include "shardlm/mpc/ledger.hpp"
#include "shardlm/mpc/server.hpp"
#include "shardlm/net/world.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace shardlm::testing {

inline net::World& world() {
  static net::World* const one = new net::World(60);
  return *one;
}

// Reproducible words that every rank knows: a test's inputs.
inline std::vector<Word> known_words(std::size_t n, int bits, std::uint32_t seed) {
  crypto::Key key{};
  key[0] = seed;
  return to_host(Tensor({n}, crypto::Stream(key).words(n, bits)));
}

class Request {
 public:
  explicit Request(std::size_t ahead = std::size_t{64} << 20) {
    static std::uint64_t last = 1000;
    const std::uint64_t id = ++last;
    const crypto::Salt salt{1, 2, 3, std::uint32_t(id)};
    const crypto::Stream k0(key(1, id)), k1(key(2, id)), k01(key(3, id));
    switch (world().role()) {
      case net::Role::client: break;
      case net::Role::dealer:
        dealer_request_.reset(new mpc::DealerRequest{id, salt, 0, k0, k1, mpc::DealSender(world(), net::Role::server0, id, ahead, [] { return false; }),
                                                     mpc::DealSender(world(), net::Role::server1, id, ahead, [] { return false; })});
        mpc::pair(dealer_request_->to0, dealer_request_->to1);
        dealer_ = std::make_unique<mpc::Dealer>(world(), *dealer_request_);
        break;
      default:
        server_request_.reset(new mpc::ServerRequest{id, salt, 0, first() ? k0 : k1, k01, mpc::DealReceiver(world(), id)});
        server_ = std::make_unique<mpc::Server>(world(), *server_request_);
    }
    id_ = id;
    current() = this;
  }

  ~Request() {
    current() = nullptr;
    if (std::uncaught_exceptions() > 0) return;
    if (dealer_request_) {
      dealer_request_->to0.flush();
      dealer_request_->to1.flush();
      dealer_request_->to0.finish();
      dealer_request_->to1.finish();
      dealer_->finish_output();
    }
    if (server_request_) {
      server_->finish_output();
      server_request_->dealt.drain();
    }
  }

  // The dealer hands over what it has gathered, before it waits for the others.
  static void flush() {
    if (!current() || !current()->dealer_request_) return;
    current()->dealer_request_->to0.flush();
    current()->dealer_request_->to1.flush();
  }

  std::uint64_t id() const { return id_; }
  bool first() const { return world().role() == net::Role::server0; }
  bool takes_part() const { return world().role() != net::Role::client; }
  mpc::Party& party() const {
    if (dealer_) return *dealer_;
    return *server_;
  }
  mpc::Server* server() const { return server_.get(); }
  mpc::DealerRequest* dealer_request() const { return dealer_request_.get(); }

  // Shares of x: server 0's from a stream, server 1's the rest, the dealer none.
  mpc::Shared share(const std::vector<Word>& x, const Shape& shape, int scale, int ring) const {
    const std::vector<Word> mask = known_words(x.size(), ring, 77);
    std::vector<Word> mine(x.size(), 0);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (first()) mine[i] = mask[i];
      if (world().role() == net::Role::server1) mine[i] = low(x[i] - mask[i], ring);
    }
    return {to_device(mine, shape), scale, ring, false};
  }
  mpc::Masked masked(const std::vector<Word>& x, const Shape& shape, int scale, int ring) const {
    return party().open(share(x, shape, scale, ring));
  }

 private:
  static Request*& current() {
    static Request* one = nullptr;
    return one;
  }
  static crypto::Key key(std::uint32_t which, std::uint64_t id) { return {which, std::uint32_t(id), 9, 9, 9, 9, 9, 9}; }
  std::uint64_t id_ = 0;
  std::unique_ptr<mpc::DealerRequest> dealer_request_;
  std::unique_ptr<mpc::ServerRequest> server_request_;
  std::unique_ptr<mpc::Dealer> dealer_;
  std::unique_ptr<mpc::Server> server_;
};

// Every rank's words of a wire, by rank; what a test alone may do.
inline std::vector<std::vector<Word>> gather_words(const Tensor* mine) {
  Request::flush();
  std::string bytes;
  if (mine && mine->concrete()) {
    const std::vector<Word> words = to_host(*mine);
    bytes.assign(reinterpret_cast<const char*>(words.data()), words.size() * sizeof(Word));
  }
  std::vector<std::vector<Word>> all;
  for (const std::string& part : world().gather_all(bytes)) {
    all.emplace_back(part.size() / sizeof(Word));
    std::memcpy(all.back().data(), part.data(), part.size());
  }
  return all;
}

constexpr int kServer0 = 1, kServer1 = 2, kDealer = 3;

inline std::vector<Word> reveal(const mpc::Shared* w, int ring) {
  const auto all = gather_words(w ? &w->x : nullptr);
  std::vector<Word> x(all[kServer0].size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = low(all[kServer0][i] + all[kServer1][i] + all[kDealer][i], ring);
  return x;
}

inline std::vector<Word> reveal(const mpc::Masked* w, int ring) {
  const auto all = gather_words(w ? &w->x : nullptr);
  EXPECT_EQ(all[kServer0], all[kServer1]) << "the servers hold different masked values";
  std::vector<Word> x(all[kServer0].size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = low(all[kServer0][i] - all[kDealer][i], ring);
  return x;
}

inline std::vector<Word> reveal(const mpc::Bits* w) {
  const auto all = gather_words(w ? &w->x : nullptr);
  std::vector<Word> x(all[kServer0].size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = all[kServer0][i] ^ all[kServer1][i] ^ all[kDealer][i];
  return x;
}

inline std::vector<Word> reveal(const mpc::Sign* w) { return gather_words(w ? &w->x : nullptr)[kDealer]; }

// Runs one computation on the parties and reveals its result on all four ranks.
inline std::vector<Word> result(const Request& request, int ring, const std::function<mpc::Shared(mpc::Party&)>& compute) {
  if (!request.takes_part()) return reveal(static_cast<const mpc::Shared*>(nullptr), ring);
  const mpc::Shared w = compute(request.party());
  EXPECT_EQ(w.ring, ring);
  return reveal(&w, ring);
}

}  // namespace shardlm::testing
