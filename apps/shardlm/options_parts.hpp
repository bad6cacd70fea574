// How the command line is put together: a function a subcommand, and the parts that several have in common.
#pragma once

#include <CLI/CLI.hpp>

#include "options.hpp"

namespace shardlm::app {

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

extern const char* const kDeckHelp;
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
