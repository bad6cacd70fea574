#include "oblivious_rows.hpp"

#include <chrono>
#include <cstring>

#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"
#include "shardlm/ot/rows.hpp"

namespace shardlm::protocol {
namespace {

using net::Kind;
using net::Lane;
using net::Packet;
using net::Role;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Packet elements(std::size_t n) {
  Packet packet(n * sizeof(ot::Element));
  packet.size = packet.capacity();
  return packet;
}

ot::Element element(const Packet& packet, std::size_t i) {
  ot::Element e;
  std::memcpy(e.data(), packet.data() + i * sizeof e, sizeof e);
  return e;
}

void put(const ot::Element& e, Packet& packet, std::size_t i) { std::memcpy(packet.data() + i * sizeof e, e.data(), sizeof e); }

}  // namespace

void RowReader::draw(std::size_t n) {
  while (drawn_.size() < n) drawn_.push_back(ot::draw_blind());
}

// Each hides one token once.
ot::Blind RowReader::next_blind() {
  draw(1);
  const ot::Blind blind = drawn_.front();
  drawn_.pop_front();
  return blind;
}

std::vector<float> RowReader::read(std::uint64_t request, const std::vector<std::int32_t>& tokens) {
  const std::size_t n = tokens.size(), hidden = table_.config().hidden, bytes = table_.row_bytes();
  std::vector<ot::Blind> blinds;
  Packet asked = elements(n), answered = elements(n);
  for (std::size_t i = 0; i < n; ++i) {
    blinds.push_back(next_blind());
    put(ot::blind(ot::row_input(std::uint32_t(tokens[i])), blinds[i]), asked, i);
  }
  net::Transfer answer = world_.receive(holder_, Lane::oblivious, Kind::evaluated, request, answered);
  net::Transfer question = world_.send(holder_, Lane::oblivious, Kind::blinded, request, asked);
  world_.finish(question);
  world_.finish(answer);
  if (answered.size != n * sizeof(ot::Element))
    throw Error(std::string(net::name(holder_)) + " answered with " + std::to_string(answered.size) + " bytes for " + std::to_string(n) + " rows");

  std::vector<std::uint8_t> row(bytes);
  std::vector<float> rows(n * hidden);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string what = "evaluated element " + std::to_string(i) + " of " + net::name(holder_);
    const auto token = std::uint32_t(tokens[i]);
    const ot::Output output = ot::finalize(ot::row_input(token), blinds[i], element(answered, i), what);
    ot::open_row(output, table_.table_number(), token, table_.sealed_row(token), bytes + ot::kRowTag, row.data());
    table_.decode_row(row.data(), rows.data() + i * hidden);
  }
  wipe(row.data(), row.size());
  return rows;
}

void RowAnswerer::answer() {
  const std::size_t n = steps_++ == 0 ? prompt_ : 1;
  Packet asked = elements(n), answered = elements(n);
  net::Transfer question = world_.receive(Role::client, Lane::oblivious, Kind::blinded, request_, asked);
  world_.finish(question);
  const double start = now();
  if (asked.size != n * sizeof(ot::Element))
    throw Error("the client asks for rows with " + std::to_string(asked.size) + " bytes, where " + std::to_string(n) + " blinded elements of 32 are due");
  for (std::size_t i = 0; i < n; ++i)
    put(ot::blind_evaluate(key_, element(asked, i), "the client's blinded element " + std::to_string(i)), answered, i);
  seconds_ += now() - start;
  net::Transfer answer = world_.send(Role::client, Lane::oblivious, Kind::evaluated, request_, answered);
  world_.finish(answer);
}

bool RowAnswerer::answer_if_asked() {
  if (!world_.waiting(Role::client, Lane::oblivious)) return false;
  answer();
  return true;
}

}  // namespace shardlm::protocol
