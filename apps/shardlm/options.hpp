// The command line: subcommands and their options, from arguments and from a deck.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shardlm/text/sampler.hpp"

namespace shardlm::app {

// What opens sealed files: one of the two, or neither.
struct UnlockOptions {
  std::string key_file, passphrase_file;  // "-" is standard input
};

// How many ready requests the dealer is to keep for prompts of up to so many tokens.
struct PoolSize {
  std::size_t positions = 0, requests = 0;
};

// What every subcommand that runs on four ranks takes.
struct JobOptions {
  std::string model;
  std::string protocol = "v3";  // of protocol::preset_names(), or plain
  std::vector<std::string> also;  // further protocols that the same job offers (shardlm serve)
  std::string embedding;        // table, ot or dpf; empty: the protocol's own
  std::string tables;           // the folder of the sealed table and its key, at the key's holder; empty: beside the model
  std::size_t pad_to = 0;       // positions of each prompt, or 0
  bool secure_channels = false;
  std::string identity, peers;             // with secure channels: this rank's key file or a folder of them, and who the others are
  UnlockOptions unlock;                    // of sealed files
  std::uint64_t dealer_ahead = std::uint64_t{256} << 20;
  double timeout = 60;
  int threads = 0;  // 0: a share of the cores
  std::vector<PoolSize> pool;    // shardlm serve: what the dealer deals before anyone asks
  std::size_t pool_tokens = 8;   // of an answer that are dealt with its prompt
  bool one_machine = false;  // all files of a share set may lie together
};

struct GenerateOptions : JobOptions {
  std::optional<std::string> prompt;  // on the command line or in the deck
  std::string prompt_file;            // "-" is standard input
  std::optional<std::string> system;
  bool raw = false;  // no chat template
  std::size_t max_tokens = 128;
  text::SamplerOptions sampling;
  std::string precision = "float32";  // of the protocol plain
  std::string out;
  bool timing = false, json = false;
};

struct ChatOptions : JobOptions {
  std::optional<std::string> system;
  std::size_t max_tokens = 512;  // of an answer
  std::size_t context = 4096;    // of the conversation
  bool interactive = false;      // on a terminal, even where standard input is none
  text::SamplerOptions sampling;
};

struct ConvertOptions {
  std::string folder, out;
  std::string random;  // a size or a config.json, instead of the folder
  std::optional<std::uint64_t> seed;
  int silu_bits = 12;  // of the SiLU table
};

struct ShareOptions {
  std::string model, out;
};

struct OtOptions {
  std::string model, folder;  // folder: empty: beside the model
};

struct SealOptions {
  std::string file, out;
  UnlockOptions unlock;
};

struct KeysOptions {
  std::string file;
};

struct DocumentOptions {
  std::string shell;  // of the completion
};

struct InfoOptions {
  std::string model;
  std::size_t tokens = 19, answer = 1;
  std::string protocol = JobOptions().protocol, embedding;
  std::uint64_t dealer_ahead = JobOptions().dealer_ahead;
  bool json = false;
};

struct CompareOptions : JobOptions {
  std::string prompts, reference;  // reference: what the plaintext engine runs; empty: the model
  std::size_t tokens = 8, passes = 1;
  bool bfloat16 = false, json = false;
};

struct BenchOptions : JobOptions {
  std::optional<std::string> prompt;
  std::string prompt_file;
  std::size_t tokens = 0;  // of the prompt, or 0: the text's own number
  bool chat = false;       // in the chat template
  std::size_t max_tokens = 50;
  text::SamplerOptions sampling;
  std::size_t runs = 20, warmup = 3;
  std::string out, trace;
  bool raw = false;  // every single time
};

struct GatewayOptions : JobOptions {
  std::vector<std::string> protocols{"v3"};  // --protocol; JobOptions::protocol and also are the first of them and the rest
  std::string host = "127.0.0.1";
  int port = 9090;           // 0: any that is free
  std::string api_key_file;  // asked of everyone; needed where host is not this machine's own
  std::string name;          // of the model, as /v1/models tells; empty: that of its file
  std::size_t queue = 16;    // requests that may wait
  std::size_t max_tokens = 1024;  // of an answer, at most; also where a request does not say
  std::size_t context = 4096;     // of prompt and answer, within what the model has
  std::uint64_t max_body = std::uint64_t{1} << 20;  // bytes of a request
  double deadline = 600;     // seconds until a request is given up, waiting included
  double grace = 30;         // seconds in which a gateway that is told to end still finishes what it has begun
};

// shardlm client: all by HTTP.
struct HttpClientOptions {
  std::string server = "http://localhost:9090";
  std::string api_key_file;
  double timeout = 600;
  std::string protocol;  // empty: the server's first
  bool json = false;
  // generate and chat
  std::optional<std::string> prompt, system;
  std::string prompt_file;
  std::size_t max_tokens = 128;
  text::SamplerOptions sampling;
  // benchmark
  std::size_t runs = 20, warmup = 3, max_new = 50;
  std::string out;
  bool raw = false;
};

struct CheckOptions {
  std::string model, prompts;
  std::size_t tokens = 32;
  double least_margin = 1.25;
  bool json = false;
  int threads = 0;
};

// What was asked for.
struct Command {
  enum class Kind { none, generate, chat, convert, share, ot_make, ot_rotate, seal, unseal, keys_new, keys_show, keys_trial, keys_data, info, compare, check, bench, serve, client_health, client_info, client_generate, client_chat, client_benchmark, document };
  Kind kind = Kind::none;
  std::string text;     // to print instead of doing anything: help, the version, a document
  std::string trouble;  // one sentence, where the command line or its deck is wrong
  GenerateOptions generate;
  ChatOptions chat;
  ConvertOptions convert;
  ShareOptions share;
  OtOptions ot;
  SealOptions seal, unseal;
  KeysOptions keys;
  InfoOptions info;
  CompareOptions compare;
  CheckOptions check;
  BenchOptions bench;
  GatewayOptions serve;
  HttpClientOptions client;
  DocumentOptions document;
};

Command parse(int argc, const char* const* argv);

}  // namespace shardlm::app
