#include "clock.hpp"
#include "messages.hpp"
#include "oblivious_rows.hpp"
#include "shardlm/protocol/session.hpp"

#include <algorithm>

namespace shardlm::protocol {
namespace {

using net::Kind;
using net::Lane;
using net::Role;

constexpr Role kOthers[] = {Role::server0, Role::server1, Role::dealer};

// A request's number: random, so that messages of another session are never taken for this one's; never 0, the session's own.
std::uint64_t fresh_id() {
  const crypto::Salt salt = crypto::random_salt();
  return (std::uint64_t(salt[0]) << 32 | salt[1]) | 1;
}

}  // namespace

// By the choice of embedding one of the three.
struct Client::Prepared {
  std::vector<float> rows;  // Embedding::table
  RowQuestion question;     // Embedding::ot
  crypto::RowKeys points;   // Embedding::dpf
};

Client::Client(net::World& world, const io::ModelFile& model, const Choices& choices) : world_(world), model_(model), choices_(choices) {
  if (choices_.embedding == Embedding::ot) rows_ = std::make_unique<RowReader>(world, model, key_holder(choices));
}
Client::~Client() = default;

void Client::check(const Lengths& l) const {
  if (l.prompt == 0) throw Error("the prompt is empty: give at least one token");
  if (l.kept > length_) throw Error("cannot keep " + std::to_string(l.kept) + " tokens of a conversation of " + std::to_string(length_));
  const std::size_t most = std::min(model_.config().max_positions, std::size_t{1} << kContextBits);
  if (l.kept > 0 && l.capacity != capacity_)
    throw Error("a conversation with room for " + std::to_string(capacity_) + " tokens cannot go on with room for " + std::to_string(l.capacity));
  if (l.kept + l.prompt + l.decode > l.capacity)
    throw Error(std::to_string(l.kept) + " kept tokens, a prompt of " + std::to_string(l.prompt) + " and " + std::to_string(l.decode) +
                " more do not fit the " + std::to_string(l.capacity) + " that the conversation has room for");
  if (l.capacity > most)
    throw Error("a conversation of " + std::to_string(l.capacity) + " tokens, the prompt's " + std::to_string(l.prompt) +
                " among them, does not fit the " + std::to_string(most) + " positions that the model and the protocol have");
}

void Client::announce(const Lengths& lengths) {
  Lengths l = lengths;
  if (l.capacity == 0) l.capacity = l.kept > 0 ? capacity_ : l.prompt + l.decode;
  check(l);
  request_ = fresh_id();
  steps_ = 0;
  lengths_ = l;
  length_ = l.kept;
  capacity_ = l.capacity;
  const Announcement announcement{request_, l.prompt, l.decode, l.kept, l.capacity, std::uint64_t(choices_.engine), std::uint64_t(choices_.embedding),
                                  l.padded, l.show};
  for (Role role : kOthers) world_.send_now(role, Lane::control, Kind::request, 0, &announcement, sizeof announcement);
  if (rows_) rows_->draw(l.prompt);  // while the others make ready
}

// On the left, so that the last position is the prompt's last token.
std::vector<std::int32_t> Client::with_padding(const std::vector<std::int32_t>& tokens) const {
  const std::size_t due = steps_ == 0 ? lengths_.prompt : 1;
  const bool pads = lengths_.padded && steps_ == 0;
  if (tokens.empty() || tokens.size() > due || (tokens.size() < due && !pads))
    throw Error("a step of " + std::to_string(tokens.size()) + " tokens where " + std::to_string(due) + " were announced");
  if (steps_ > lengths_.decode) throw Error("more steps than the " + std::to_string(lengths_.decode + 1) + " that were announced");
  for (const std::int32_t token : tokens)
    if (token < 0 || std::size_t(token) >= model_.config().vocabulary)
      throw Error("token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(model_.config().vocabulary));
  const std::vector<std::int32_t>& ends = model_.config().end_tokens;
  std::vector<std::int32_t> all(due - tokens.size(), ends.empty() ? 0 : ends[0]);  // one and the same, whose values stay in their bounds
  all.insert(all.end(), tokens.begin(), tokens.end());
  return all;
}

std::vector<float> Client::step(const std::vector<std::int32_t>& tokens) {
  const std::vector<std::int32_t> all = with_padding(tokens);
  const trace::Scope scope(recorder_, trace::Region::step);
  const double start = now();
  embed(all, tokens.size());
  const double seconds = now() - start;
  (steps_ == 0 ? prompt_embedding_seconds_ : embedding_seconds_) += seconds;
  if (rows_ && steps_ < lengths_.decode) rows_->draw(1);
  ++steps_;

  const trace::Scope waiting(recorder_, trace::Region::logits);
  std::vector<Word> sum(model_.config().vocabulary, 0);
  for (Role role : kOthers) receive_share(role, sum);
  std::vector<float> logits(sum.size());
  for (std::size_t i = 0; i < sum.size(); ++i) logits[i] = float(decode(sum[i], qwen::kLogitScale));
  length_ += all.size();
  if (lengths_.show) receive_sights();
  return logits;
}

// What takes a time that may depend on the tokens, because it looks into a table, comes before the step's first message: between messages
// there is only work that is the same for any of them, so that nobody can tell from a pause where in a table a row lay.
void Client::embed(const std::vector<std::int32_t>& all, std::size_t text) {
  const trace::Scope scope(recorder_, trace::Region::embedding);
  Prepared prepared = prepare(all);
  const Step step{all.size()};
  for (Role role : {Role::server0, Role::server1}) world_.send_now(role, Lane::control, Kind::request, request_, &step, sizeof step);
  send_embeddings(std::move(prepared));
  if (lengths_.padded && steps_ == 0) send_biases(all.size() - text);
}

Client::Prepared Client::prepare(const std::vector<std::int32_t>& tokens) {
  switch (choices_.embedding) {
    case Embedding::ot:
      return {{}, rows_->prepare(tokens), {}};
    case Embedding::dpf:
      return {{}, {}, crypto::make_row_keys(crypto::row_bits(model_.config().vocabulary), {tokens.begin(), tokens.end()})};
    case Embedding::table:
      break;
  }
  return {look_up(tokens), {}, {}};
}

std::vector<float> Client::look_up(const std::vector<std::int32_t>& tokens) const {
  const std::size_t hidden = model_.config().hidden;
  std::vector<float> rows(tokens.size() * hidden);
  for (std::size_t t = 0; t < tokens.size(); ++t) model_.embedding(std::size_t(tokens[t]), rows.data() + t * hidden);
  return rows;
}

void Client::send_embeddings(Prepared prepared) {
  if (choices_.embedding == Embedding::dpf) {
    send_points(prepared.points);
  } else if (choices_.embedding == Embedding::ot) {
    send_rows(rows_->read(request_, std::move(prepared.question)));
  } else {
    send_rows(prepared.rows);
  }
}

// Neither server learns a token from its own keys, and their products with the table are shares of the rows.
void Client::send_points(const crypto::RowKeys& keys) {
  for (int server : {0, 1}) {
    net::Packet packet(keys.server[server].size());
    packet.size = packet.capacity();
    std::memcpy(packet.data(), keys.server[server].data(), packet.size);
    net::Transfer transfer = world_.send(server == 0 ? Role::server0 : Role::server1, Lane::oblivious, Kind::points, request_, packet);
    world_.finish(transfer);
  }
}

void Client::send_rows(const std::vector<float>& rows) {
  std::vector<Word> words(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) words[i] = encode(rows[i], kResidualScale);
  send_shares(words);
}

void Client::send_biases(std::size_t padding) {
  std::vector<Word> biases(lengths_.prompt, 0);
  std::fill(biases.begin(), biases.begin() + std::ptrdiff_t(padding), encode(kPaddingBias, 0));
  send_shares(biases);
}

void Client::send_shares(std::vector<Word>& words) {
  const std::size_t n = words.size();
  crypto::Key key = crypto::random_key();
  const std::vector<Word> first = to_host(Tensor({n}, crypto::Stream(key).words(n, 64)));
  for (std::size_t i = 0; i < n; ++i) words[i] -= first[i];
  world_.send_now(Role::server0, Lane::control, Kind::embedding, request_, key.data(), sizeof key);
  wipe(key.data(), sizeof key);
  net::Packet packet(n * sizeof(Word));
  packet.size = packet.capacity();
  std::memcpy(packet.data(), words.data(), packet.size);
  net::Transfer transfer = world_.send(Role::server1, Lane::control, Kind::embedding, request_, packet);
  world_.finish(transfer);
}

void Client::receive_share(Role from, std::vector<Word>& sum) {
  net::Packet packet(sum.size() * sizeof(Word));
  net::Transfer transfer = world_.receive(from, Lane::output, Kind::logits, request_, packet);
  world_.finish(transfer);
  if (packet.size != packet.capacity()) throw Error("logits of " + std::to_string(packet.size) + " bytes came where " + std::to_string(packet.capacity()) + " were due");
  const auto* share = reinterpret_cast<const Word*>(packet.data());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += share[i];
}

void Client::receive_sights() {
  for (int server : {0, 1}) {
    const Role from = server == 0 ? Role::server0 : Role::server1;
    sights_[server] = decode_message<Sight>(world_.receive_now(from, Lane::control, Kind::sight, request_));
    for (const Sight::Glimpse& glimpse : sights_[server].glimpses)
      if (int(glimpse.from) < 0 || int(glimpse.from) >= net::kParties || glimpse.kind < Kind::hello || glimpse.kind > Kind::pool)
        throw Error(std::string(net::name(from)) + " shows a message of a rank or kind that there is not");
  }
}

std::array<Report, net::kParties> Client::finish() {
  for (Role role : kOthers) world_.send_now(role, Lane::control, Kind::stop, request_, nullptr, 0);
  // The dealer has dealt ahead, its shares of later logits too: they are burned.
  const Step dealt = decode_message<Step>(world_.receive_now(Role::dealer, Lane::control, Kind::end, request_));
  std::vector<Word> burned(model_.config().vocabulary);
  for (std::size_t i = steps_; i < dealt.tokens; ++i) receive_share(Role::dealer, burned);
  std::array<Report, net::kParties> reports{};
  for (Role role : kOthers) reports[int(role)] = decode_message<Report>(world_.receive_now(role, Lane::control, Kind::report, request_));
  return reports;
}

void Client::end() {
  for (Role role : kOthers) world_.send_now(role, Lane::control, Kind::end, 0, nullptr, 0);
}

Client::Bytes Client::oblivious_bytes() const { return {world_.sent(Lane::oblivious).bytes, world_.received(Lane::oblivious).bytes}; }

}  // namespace shardlm::protocol
