#include "oblivious_rows.hpp"

#include <cstring>

#include "clock.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/core/wipe.hpp"
#include "shardlm/ot/rows.hpp"

namespace shardlm::protocol {
namespace {

using net::Kind;
using net::Lane;
using net::Packet;
using net::Role;

constexpr std::size_t kTold = 32;  // after so many tokens the others are told that this rank lives: they take some milliseconds

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
  for (std::size_t i = drawn_.size(); i < n; ++i) {
    drawn_.push_back(ot::draw_blind());
    if (i % kTold == kTold - 1) world_.still_working();
  }
}

// Each hides one token once.
ot::Blind RowReader::next_blind() {
  draw(1);
  const ot::Blind blind = drawn_.front();
  drawn_.pop_front();
  return blind;
}

RowQuestion RowReader::prepare(const std::vector<std::int32_t>& tokens) {
  const std::size_t sealed = table_.row_bytes() + ot::kSealBytes;
  RowQuestion question{tokens, {}, std::vector<std::uint8_t>(tokens.size() * sealed), elements(tokens.size())};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::memcpy(question.sealed.data() + i * sealed, table_.sealed_row(std::size_t(tokens[i])), sealed);
    question.blinds.push_back(next_blind());
    put(ot::blind(ot::row_input(std::uint32_t(tokens[i])), question.blinds[i]), question.elements, i);
    if (i % kTold == kTold - 1) world_.still_working();
  }
  return question;
}

Packet RowReader::answer(std::uint64_t request, RowQuestion& question) {
  const std::size_t n = question.tokens.size();
  Packet answered = elements(n);
  net::Transfer to_come = world_.receive(holder_, Lane::oblivious, Kind::evaluated, request, answered);
  net::Transfer asked = world_.send(holder_, Lane::oblivious, Kind::blinded, request, question.elements);
  world_.finish(asked);
  world_.finish(to_come);
  if (answered.size != n * sizeof(ot::Element))
    throw Error(std::string(net::name(holder_)) + " answered with " + std::to_string(answered.size) + " bytes for " + std::to_string(n) + " rows");
  return answered;
}

void RowReader::open(const ot::Output& output, std::uint32_t token, const std::uint8_t* sealed, std::uint8_t* row) const {
  try {
    ot::open_row(output, table_.table_number(), token, sealed, table_.row_bytes() + ot::kSealBytes, row);
  } catch (const Error& error) {
    throw Error(std::string(error.what()) + "; remove the table under ~/.cache/shardlm/tables, and it is sent again");
  }
}

std::vector<float> RowReader::read(std::uint64_t request, RowQuestion question) {
  const Packet answered = answer(request, question);
  const std::size_t n = question.tokens.size(), hidden = table_.config().hidden, sealed = table_.row_bytes() + ot::kSealBytes;
  std::vector<std::uint8_t> row(table_.row_bytes());
  std::vector<float> rows(n * hidden);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string what = "evaluated element " + std::to_string(i) + " of " + net::name(holder_);
    const auto token = std::uint32_t(question.tokens[i]);
    open(ot::finalize(ot::row_input(token), question.blinds[i], element(answered, i), what), token, question.sealed.data() + i * sealed, row.data());
    table_.decode_row(row.data(), rows.data() + i * hidden);
    if (i % kTold == kTold - 1) world_.still_working();
  }
  wipe(row.data(), row.size());
  return rows;
}

void RowAnswerer::answer() {
  if (steps_ == due_.steps) throw Error("the client asks for more rows than it announced");
  const std::size_t n = steps_++ == 0 ? due_.first : 1;
  Packet asked = elements(n), answered = elements(n);
  net::Transfer question = world_.receive(Role::client, Lane::oblivious, Kind::blinded, request_, asked);
  world_.finish(question);
  const double start = now();
  if (asked.size != n * sizeof(ot::Element))
    throw Error("the client asks for rows with " + std::to_string(asked.size) + " bytes, where " + std::to_string(n) + " blinded elements of 32 are due");
  for (std::size_t i = 0; i < n; ++i) {
    put(ot::blind_evaluate(key_, element(asked, i), "the client's blinded element " + std::to_string(i)), answered, i);
    if (i % kTold == kTold - 1) world_.still_working();
  }
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
