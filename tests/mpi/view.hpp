// A server's view of a request: what it receives, as it was recorded, and as someone lists it who knows shapes alone.
#pragma once

#include <string>
#include <vector>

#include "session.hpp"
#include "shardlm/crypto/dpf_rows.hpp"

namespace shardlm::testing {

// n values of Z_{2^k} in ceil(k / 8) bytes each.
struct Field {
  std::string kind;
  std::size_t n;
  int k;
  std::size_t bytes() const { return n * std::size_t(bytes_of(k)); }
};

// Messages in order, and in an order of their own the dealer's records: how these are cut into packets follows from when the
// server takes them, not from what they hold.
struct Listed {
  std::vector<std::string> messages, records;
  std::vector<std::vector<Field>> fields;  // of the messages, then of the records
};

inline std::string as_line(const std::string& from, const std::string& kind, std::size_t bytes) {
  return from + ": " + kind + ", " + std::to_string(bytes);
}

// Encoded elements of ristretto255, as Recorded keeps them: 254 bits each.
inline std::vector<Field> elements(std::size_t n) {
  std::vector<Field> fields;
  for (std::size_t i = 0; i < n; ++i) {
    fields.push_back({"blinded elements", 3, 64});
    fields.push_back({"blinded elements", 1, 62});
  }
  return fields;
}

// An encoded element is an even number below 2^255 - 19. Without the bits that are always zero, for what is left looks uniform.
inline std::string without_constant_bits(std::string bytes) {
  for (std::size_t at = 0; at + 32 <= bytes.size(); at += 32)
    for (std::size_t i = 0; i < 32; ++i) {
      const int next = i < 31 ? std::uint8_t(bytes[at + i + 1]) : 0;
      bytes[at + i] = char(std::uint8_t(bytes[at + i]) >> 1 | next << 7);
    }
  return bytes;
}

// A server's keys for reading rows (crypto/dpf_rows.hpp). Control corrections end with zero bits.
inline std::vector<Field> point_keys(int bits, std::size_t tokens) {
  const std::size_t depth = std::size_t(crypto::row_depth(bits)), controls = 2 * depth;
  std::vector<Field> fields{{"salts", 2, 64}};
  for (std::size_t i = 0; i < tokens; ++i) {
    fields.push_back({"point keys", 2 + 2 * depth, 64});
    if (controls >= 8) fields.push_back({"point keys' control bits", controls / 8, 8});
    if (controls % 8) fields.push_back({"point keys' control bits", 1, int(controls % 8)});
    fields.push_back({"point keys", 8, 64});
  }
  return fields;
}

// The simulator: Qwen2.5 on shapes, written down as the messages that a server gets.
class Simulator : public mpc::Ledger {
 public:
  // past: tokens that are kept from earlier turns. last: whether the session ends after it.
  // padded: whether the prompt's positions may hold padding.
  static Listed list(const io::ModelConfig& config, net::Role role, std::size_t prompt, std::size_t further, std::size_t past = 0,
                     bool last = true, const protocol::Choices& choices = {}, bool padded = false) {
    const qwen::Model shapes(config, choices.secret_weights);
    Simulator simulator(role);
    qwen::Decoder decoder(shapes, past + prompt + further, choices.engine);
    decoder.assume(past);
    simulator.message("client", "request", 72, {});
    simulator.message("dealer", "key", 48, {{"keys", 48, 8}});
    if (role == net::Role::server1) simulator.message("server 0", "key", 32, {{"keys", 32, 8}});
    for (std::size_t step = 0; step <= further; ++step) {
      simulator.message("client", "request", 8, {});
      simulator.rows(choices, step == 0 ? prompt : 1, config.vocabulary);
      decoder.step(simulator, step == 0 ? prompt : 1, padded && step == 0);
    }
    simulator.message("client", "stop", 0, {});
    if (last) simulator.message("client", "end", 0, {});
    Listed listed = std::move(simulator.listed_);
    listed.fields.insert(listed.fields.end(), simulator.record_fields_.begin(), simulator.record_fields_.end());
    return listed;
  }

  mpc::Shared input(const Shape& shape, int scale) override {
    const std::size_t n = volume(shape);
    if (std::exchange(given_, false)) return Ledger::input(shape, scale);
    if (first()) message("client", "embedding", 32, {{"keys", 32, 8}});
    if (!first()) message("client", "embedding", 8 * n, {{"the client's share", n, 64}});
    return Ledger::input(shape, scale);
  }

 protected:
  void do_open(const std::vector<mpc::Shared>& wires, const std::vector<mpc::Bits>& bits, Opened& out) override {
    const std::size_t before = costs_.opened_bytes;
    Ledger::do_open(wires, bits, out);
    std::vector<Field> fields;
    for (const mpc::Shared& w : wires) fields.push_back({"openings", w.x.size(), w.ring});
    for (const mpc::Bits& w : bits) {
      fields.push_back({"opened bits", w.x.size() / 8, 8});
      if (w.x.size() % 8) fields.push_back({"opened bits", 1, int(w.x.size() % 8)});
    }
    message(first() ? "server 1" : "server 0", "opening", costs_.opened_bytes - before, fields);
  }
  Tensor do_shares(const mpc::Masked& x) override {
    return words(x.ring, [&] { return Ledger::do_shares(x); });
  }
  Tensor do_lift(const mpc::Masked& x) override {
    return words(64 - x.ring, [&] { return Ledger::do_lift(x); });
  }
  Tensor do_product(const Product& p) override {
    return words(p.ring, [&] { return Ledger::do_product(p); });
  }
  Tensor do_sum_of_squares(const mpc::Masked& x) override {
    record_words(x.x.size(), 64);
    record_words(x.x.size(), 63 - x.ring);
    record_words(x.x.size(), 63 - x.ring);
    return Ledger::do_sum_of_squares(x);
  }
  Pair do_look_up(const crypto::LineTable& table, const mpc::Masked& index, mpc::Sign& sign, int ring) override {
    record_keys(table.m(), index.x.size());
    return Ledger::do_look_up(table, index, sign, ring);
  }
  Pair do_look_up(const crypto::WindowTable& table, const mpc::Masked& index, mpc::Sign& sign) override {
    record_keys(index.ring, index.x.size());
    return Ledger::do_look_up(table, index, sign);
  }
  Tensor do_look_up(const crypto::CellTable& table, const mpc::Masked& x, const std::vector<int>& drops, mpc::Sign& sign) override {
    record_keys(table.m(), x.x.size() * drops.size());
    return Ledger::do_look_up(table, x, drops, sign);
  }
  Tensor do_less_than(const mpc::Masked& x, const std::vector<Word>& knots) override {
    record_keys(x.ring - 1, x.x.size());
    return Ledger::do_less_than(x, knots);
  }

 private:
  explicit Simulator(net::Role role) : role_(role) {}
  bool first() const { return role_ == net::Role::server0; }
  // What comes for the embedding rows of a step, before or instead of their shares.
  void rows(const protocol::Choices& choices, std::size_t tokens, std::size_t vocabulary) {
    if (choices.embedding == protocol::Embedding::ot && role_ == protocol::key_holder(choices))
      message("client", "blinded elements", 32 * tokens, elements(tokens));
    if (choices.embedding != protocol::Embedding::dpf) return;
    const int bits = crypto::row_bits(vocabulary);
    message("client", "point keys", crypto::row_key_bytes(bits, tokens), point_keys(bits, tokens));
    given_ = true;
  }
  void message(const std::string& from, const std::string& kind, std::size_t bytes, const std::vector<Field>& fields) {
    listed_.messages.push_back(as_line(from, kind, bytes));
    listed_.fields.push_back(fields);
  }
  void record_words(std::size_t n, int k) {
    if (first()) return;  // it draws its own half
    const Field field{"dealt words", n, k};
    listed_.records.push_back(as_line("dealer", "words", field.bytes()));
    record_fields_.push_back({field});
  }
  template <class F>
  Tensor words(int k, const F& count) {
    const std::size_t before = costs_.dealt_bytes;
    Tensor result = count();
    const std::size_t bytes = costs_.dealt_bytes - before;
    if (bytes > 0) record_words(bytes / std::size_t(bytes_of(k)), k);
    return result;
  }
  // Seeds and leaves, then the control bits: left ones and right ones of 16 keys in a word.
  void record_keys(int m, std::size_t n) {
    const std::size_t bytes = crypto::correction_bytes(m, n), controls = 4 * crypto::tiles_of(n) * std::size_t(crypto::dpf_depth(m));
    listed_.records.push_back(as_line("dealer", "corrections", bytes));
    record_fields_.push_back({{"DPF seeds and leaves", (bytes - controls) / 8, 64}, {"DPF control bits", controls, 8}});
  }

  net::Role role_;
  bool given_ = false;  // the next input: computed from what came
  Listed listed_;
  std::vector<std::vector<Field>> record_fields_;
};

// What came, message by message.
class Recorded {
 public:
  void take(const net::World::Message& m) {
    if (m.sent && m.lane == net::Lane::opening) sent_openings_.emplace_back(m.data, m.data + m.size);
    if (m.sent || m.lane == net::Lane::collective) return;
    if (m.lane == net::Lane::dealing) {
      dealt_.append(m.data + 1, m.data + m.size);  // the first byte tells the last packet
      return;
    }
    messages_.push_back(as_line(name(m.peer), name(m.kind), m.size));
    payloads_.emplace_back(m.data, m.data + m.size);
    if (m.kind == net::Kind::blinded) payloads_.back() = without_constant_bits(payloads_.back());
  }

  // Cuts the dealer's stream into its records.
  Listed list() {
    Listed listed;
    listed.messages = messages_;
    struct {
      std::uint32_t kind, zero;
      std::uint64_t sequence, size;
    } head;
    for (std::size_t at = 0; at < dealt_.size(); at += head.size) {
      if (dealt_.size() - at < sizeof head) throw Error("the dealer's stream ends within a record");
      std::memcpy(&head, dealt_.data() + at, sizeof head);
      at += sizeof head;
      EXPECT_EQ(head.zero, 0u);
      EXPECT_EQ(head.sequence, listed.records.size());
      listed.records.push_back(as_line("dealer", head.kind == 1 ? "words" : "corrections", head.size));
      payloads_.push_back(dealt_.substr(at, head.size));
    }
    return listed;
  }
  // Of messages, then of records; after list().
  const std::vector<std::string>& payloads() const { return payloads_; }
  std::string& payload(std::size_t i) { return payloads_[i]; }
  const std::vector<std::string>& sent_openings() const { return sent_openings_; }

 private:
  std::vector<std::string> messages_, payloads_, sent_openings_;
  std::string dealt_;
};

// One request in a session of its own, as this rank sees it.
inline Recorded record(const TestModel& model, const Tokens& prompt, const Tokens& further, std::size_t positions = 0) {
  Recorded recorded;
  world().observe([&recorded](const net::World::Message& m) { recorded.take(m); });
  session(model, [&](protocol::Client& client) { request(client, prompt, further, positions); });
  world().observe({});
  return recorded;
}

// Every value of a view: f(field, its bytes).
template <class F>
void for_each_field(const Listed& listed, const Recorded& recorded, const F& f) {
  ASSERT_EQ(listed.fields.size(), recorded.payloads().size());
  for (std::size_t i = 0; i < listed.fields.size(); ++i) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(recorded.payloads()[i].data());
    for (const Field& field : listed.fields[i]) {
      f(field, at);
      at += field.bytes();
    }
  }
}

// The masked values that both servers see, sent + received: one vector a wire, and its ring.
struct Opened {
  int ring;
  std::vector<Word> v;
};
inline std::vector<Opened> opened(const Listed& listed, const Recorded& recorded) {
  std::vector<Opened> all;
  std::size_t message = 0;
  for (std::size_t i = 0; i < listed.messages.size(); ++i) {
    if (listed.messages[i].find(": opening, ") == std::string::npos) continue;
    std::size_t at = 0;
    for (const Field& field : listed.fields[i]) {
      if (field.kind == "openings") {
        const std::size_t width = bytes_of(field.k);
        Opened wire{field.k, std::vector<Word>(field.n)};
        for (std::size_t j = 0; j < field.n; ++j) {
          Word sent = 0, received = 0;
          std::memcpy(&sent, &recorded.sent_openings().at(message).at(at + j * width), width);
          std::memcpy(&received, &recorded.payloads().at(i).at(at + j * width), width);
          wire.v[j] = low(sent + received, field.k);
        }
        all.push_back(std::move(wire));
      }
      at += field.bytes();
    }
    ++message;
  }
  return all;
}

}  // namespace shardlm::testing
