// Questions and their answers between the four ranks: who sends what to whom, in which order, and how it ends.
//
// A request is one turn: a prompt and the steps after it, with keys, streams and salt of its own. A conversation is a request that
// begins it and requests that continue it: keys and values stay with the ranks as kept wires, so that only new tokens are computed.
//
//   client -> all        announcement: request id, prompt length, most steps to follow, how many tokens of the conversation are
//                        kept (0: a new one), room in tokens, engine, embedding, whether the prompt is padded. Lengths alone: the dealer
//                        can deal the whole request before the client has read the prompt. Each rank forgets what it holds beyond the
//                        kept tokens: the dealer dealt ahead
//   dealer -> client     between requests, where it keeps ready ones: how many, on the lane of dealing
//   dealer -> server b   K_b and the request's salt; server 0 -> server 1: K01
//   dealer -> server b   dealt words and keys, ahead of their use
//   client -> server b   a step: its number of tokens
//   client <-> holder    with Embedding::ot: a blinded element a token, and the answers (ot/oprf.hpp), on a lane of their own
//   client -> server b   its share of the tokens' embeddings (server 0's as a key that expands to it); with Embedding::dpf the keys from
//                        which it computes its share (crypto/dpf_rows.hpp); where the prompt is padded, its share of the biases
//   all three -> client  their shares of the logits, re-randomised
//   server b -> client   where it was announced: the first bytes of what it got in this step
//   client -> all        stop; the servers burn what was dealt ahead, everyone reports its costs
#pragma once

#include "shardlm/crypto/dpf_rows.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/mpc/server.hpp"
#include "shardlm/net/world.hpp"
#include "shardlm/ot/oprf.hpp"
#include "shardlm/protocol/presets.hpp"
#include "shardlm/qwen/decoder.hpp"

#include <array>
#include <memory>
#include <optional>

namespace shardlm::protocol {

// What one rank reports at the end of a request.
struct Report {
  mpc::Costs costs;                             // a server's; the dealer's: dealt and key bytes
  std::array<double, mpc::kParts> seconds{};    // a server's time by part
  double busy = 0;                              // the dealer's: seconds it computed
  std::uint64_t peak_bytes = 0;                 // resident memory, at most, so far
  std::uint64_t steps = 0;                      // dealt, or answered
  double rows = 0;                              // seconds for embedding rows: of the key's holder, or of a server that reads them
  std::uint64_t ready = 0;                      // of the dealer's steps: that were dealt before the request was announced
};

// What a server got of a step, as the client may be shown it: masked or shared, so that it says nothing. With secret weights neither: the client
// does not know the masks.
struct Sight {
  std::uint64_t rounds = 0, bytes = 0;  // with the other server since the request began; bytes that it sent it
  struct Glimpse {
    net::Role from = net::Role::client;
    net::Kind kind = net::Kind::hello;
    std::uint64_t size = 0;  // bytes of the whole message
    std::array<std::uint8_t, 32> bytes{};
  };
  static constexpr std::size_t kGlimpses = 3;  // the embeddings' message, the first opening, the dealer's last packet
  std::array<Glimpse, kGlimpses> glimpses{};   // size 0: there was none
};

// Requests of one length that the dealer deals before anyone asks: padded prompts of so many positions.
struct PoolSize {
  std::uint64_t positions = 0, requests = 0;
};
// On the client, between requests: what the dealer has ready, where it has said something since.
std::optional<std::vector<PoolSize>> pool_news(net::World& world);

class RowReader;

// What the client announces of a request: all that the others ever learn of it.
struct Lengths {
  std::size_t prompt = 0;    // tokens of the first step; with its padding where it has some
  std::size_t decode = 0;    // how many single-token steps may follow it
  std::size_t kept = 0;      // 0 begins a conversation; more continues the last one after its first `kept` tokens
  std::size_t capacity = 0;  // tokens that a new conversation has room for; 0: for this request alone
  bool padded = false;       // the prompt may have fewer tokens; nobody learns how many positions are padding
  bool show = false;         // sights() are wanted
};

// The client's end. Only this rank ever sees tokens, embeddings, or the sum of the logits' shares.
class Client {
 public:
  // model: the whole, a client's part, a sealed table (Embedding::ot) or texts (Embedding::dpf); it outlives the client.
  Client(net::World& world, const io::ModelFile& model, const Choices& choices = {});
  ~Client();

  // Begins a request. Throws Error for lengths that do not fit the model or the conversation.
  void announce(const Lengths& lengths);
  // The first call takes the whole prompt, each later one a token: sends shares of the embeddings, returns the logits.
  std::vector<float> step(const std::vector<std::int32_t>& tokens);
  // Ends the request; reports by rank (the client's own is empty).
  std::array<Report, net::kParties> finish();
  // Ends the session: servers and dealer return from serve().
  void end();

  // What server 0 and server 1 saw of the last step, where that was announced.
  const std::array<Sight, 2>& sights() const { return sights_; }

  std::size_t length() const { return length_; }  // positions of the conversation that every rank holds
  // Who records where this rank's time goes; null: nobody.
  void record(trace::Recorder* recorder) { recorder_ = recorder; }
  // While a person thinks: throws PeerFailure where a rank gave up.
  void still_here() { world_.still_working(); }

  // Until the servers have what they compute with: of prompts, and of all steps.
  double prompt_embedding_seconds() const { return prompt_embedding_seconds_; }
  double embedding_seconds() const { return prompt_embedding_seconds_ + embedding_seconds_; }
  struct Bytes {
    std::uint64_t sent, received;
  };
  Bytes oblivious_bytes() const;  // for rows, with Embedding::ot and dpf

 private:
  struct Prepared;  // all of a step that depends on which tokens it has
  void check(const Lengths& lengths) const;
  std::vector<std::int32_t> with_padding(const std::vector<std::int32_t>& tokens) const;
  void embed(const std::vector<std::int32_t>& tokens, std::size_t text);  // the step's first messages; text: without padding
  Prepared prepare(const std::vector<std::int32_t>& tokens);
  std::vector<float> look_up(const std::vector<std::int32_t>& tokens) const;
  void send_embeddings(Prepared prepared);
  void send_points(const crypto::RowKeys& keys);
  void send_rows(const std::vector<float>& rows);
  void send_biases(std::size_t padding);
  void send_shares(std::vector<Word>& values);
  void receive_sights();
  void receive_share(net::Role from, std::vector<Word>& sum);
  net::World& world_;
  const io::ModelFile& model_;
  const Choices choices_;
  std::unique_ptr<RowReader> rows_;  // with Embedding::ot
  trace::Recorder* recorder_ = nullptr;
  std::uint64_t request_ = 0;
  Lengths lengths_;  // of the request, as announced
  std::array<Sight, 2> sights_{};
  std::size_t steps_ = 0;
  std::size_t length_ = 0, capacity_ = 0;                        // of the conversation
  double prompt_embedding_seconds_ = 0, embedding_seconds_ = 0;  // of later steps
};

struct ServeOptions {
  std::size_t dealer_ahead = std::size_t{256} << 20;  // bytes that may be under way to the servers
  std::vector<Embedding> embeddings{Embedding::table};  // that a request may have
  const ot::PrivateKey* key = nullptr;    // Embedding::ot, at the key's holder
  const io::ModelFile* table = nullptr;   // Embedding::dpf, at the servers
  trace::Recorder* recorder = nullptr;    // of where this rank's time goes
  // The dealer's: ready requests that it keeps, made while nobody asks for anything, for the engine and with so many tokens after the prompt.
  std::vector<PoolSize> pool;
  qwen::Engine pool_engine = qwen::Engine::masked;
  std::size_t pool_tokens = 0;
};

// A server's or the dealer's end: answers requests until the client ends the session. The model is public to them.
void serve(net::World& world, const qwen::Model& model, const ServeOptions& options = {});

// Collective: all four hold the same model and speak the same version of the protocol, or all throw the same Error. digest: the
// model file's, or empty with the trouble that a rank had in opening it, or at a client that has no model. offered: the choices that requests may
// have; they also agree on how the client comes by its rows and on who holds the key, which a client without a model cannot tell from a digest.
void agree_on_model(net::World& world, const std::string& digest, const std::string& trouble, const std::vector<Choices>& offered = {{}});

// What ranks must have in common before they trust each other: the program's version and the choices of their protocols.
std::string context_of(const std::vector<Choices>& offered);

// The largest resident memory of this process so far, in bytes.
std::uint64_t peak_memory();

}  // namespace shardlm::protocol
