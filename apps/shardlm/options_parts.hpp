// How the command line is put together: a function a subcommand, and the parts that several have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "options.hpp"

namespace shardlm::app {

// All of it.
void build(CLI::App& app, Command& command);

void add_generate(CLI::App& app, GenerateOptions& options);
void add_chat(CLI::App& app, ChatOptions& options);
void add_convert(CLI::App& app, ConvertOptions& options);
void add_share(CLI::App& app, ShareOptions& options);
void add_ot(CLI::App& app, OtOptions& options);
void add_seal(CLI::App& app, SealOptions& options);
void add_unseal(CLI::App& app, SealOptions& options);
void add_keys(CLI::App& app, KeysOptions& options);
void add_info(CLI::App& app, InfoOptions& options);
void add_compare(CLI::App& app, CompareOptions& options);
void add_check(CLI::App& app, CheckOptions& options);
void add_bench(CLI::App& app, BenchOptions& options);
void add_serve(CLI::App& app, GatewayOptions& options);
void add_client(CLI::App& app, HttpClientOptions& options);
void add_completion(CLI::App& app, DocumentOptions& options);
void add_manual(CLI::App& app);

extern const char* const kDeckHelp;
// What help says below the options: notes, then commands to copy, then, unless it has subcommands of its own, how decks go.
// A paragraph ends with an empty line; lines that begin with two spaces stay as they are.
void explain(CLI::App& command, const std::string& notes, const std::vector<std::string>& examples, bool decks = true);

// The names under which help lists options.
constexpr const char* kSampling = "Choice of tokens";
constexpr const char* kPrivacy = "Protocol and privacy";
constexpr const char* kSecurity = "Encrypted channels and files";
constexpr const char* kRunning = "Running";

void add_dealer_ahead(CLI::App& command, std::uint64_t& bytes);
void add_unlock(CLI::App& command, UnlockOptions& options);  // --key-file, --passphrase-file
void add_embedding(CLI::App& command, std::string& embedding);
void add_job(CLI::App& command, JobOptions& options);                 // --embedding, --ot, --pad-to, --dealer-ahead, --timeout, --threads
void add_sampling(CLI::App& command, text::SamplerOptions& options);  // -t, --top-k, --top-p, --repetition-penalty, --seed
void add_protocol(CLI::App& command, std::string& protocol, const std::string& flags = "--protocol");
void add_private_protocol(CLI::App& command, std::string& protocol);  // of those on four ranks

template <class T>
CLI::Validator within(T least, T most) {
  return CLI::Range(least, most).description("");  // of which help says nothing; an error does
}

}  // namespace shardlm::app
