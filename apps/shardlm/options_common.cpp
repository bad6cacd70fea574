#include <algorithm>

#include "options_parts.hpp"
#include "shardlm/protocol/preset_names.hpp"

namespace shardlm::app {
namespace {

// Why a value is no protocol of this version, or "".
std::string check_protocol(const std::string& name) {
  const std::vector<std::string>& names = protocol::preset_names();
  if (name == "plain" || std::find(names.begin(), names.end(), name) != names.end()) return "";
  return "there is no protocol '" + name + "'; there are " + CLI::detail::join(names, ", ") + " and plain";
}

std::string check_private(const std::string& name) { return name == "plain" ? "plain is no private protocol" : check_protocol(name); }

// "{v2,v3}": what help shows of a value, and completions offer.
std::string type_of(const std::vector<std::string>& choices) { return "{" + CLI::detail::join(choices, ",") + "}"; }

std::vector<std::string> with_plain(std::vector<std::string> names) {
  names.emplace_back("plain");
  return names;
}

}  // namespace

const char* const kDeckHelp =
    "\nWith --config FILE every option can come from a TOML deck: under its long name without the dashes, in a section named\n"
    "after the subcommand, such as [generate]. The command line goes before the deck.";

void explain(CLI::App& command, const std::string& notes, const std::vector<std::string>& examples, bool decks) {
  std::string footer = notes + (notes.empty() ? "" : "\n\n") + (examples.size() > 1 ? "Examples:" : "Example:") + "\n";
  for (const std::string& example : examples) footer += "  " + example + "\n";
  const bool nested = command.get_parent() != nullptr && command.get_parent()->get_parent() != nullptr;
  command.footer(nested || !decks ? footer : footer + kDeckHelp);
}

void add_sampling(CLI::App& c, text::SamplerOptions& o) {
  c.add_option("-t,--temperature", o.temperature, "0: always the likeliest token; the higher, the more it varies")
      ->capture_default_str()
      ->group(kSampling)
      ->type_name("X");
  c.add_option("--top-k", o.top_k, "Choose among the N likeliest tokens; 0: among all")
      ->capture_default_str()
      ->group(kSampling)
      ->type_name("N");
  c.add_option("--top-p", o.top_p, "Choose among the likeliest tokens that have this probability together")
      ->capture_default_str()
      ->group(kSampling)
      ->type_name("X");
  c.add_option("--repetition-penalty", o.repetition_penalty, "Above 1: avoid tokens that came before")
      ->capture_default_str()
      ->group(kSampling)
      ->type_name("X");
  c.add_option("--seed", o.seed, "Of the choice of tokens: the same seed draws alike, though rounding in the logits may tip a draw between tokens that are about as likely (default: random)")
      ->group(kSampling)
      ->type_name("N");
}

void add_protocol(CLI::App& c, std::string& protocol, const std::string& flags) {
  c.add_option(
       flags, protocol,
       "v3: private, on four ranks; v2: the same with textbook additive sharing, slower; v3-ot: the client has no model "
       "(shardlm ot); v3-mpc: the weights are secret from the servers too (shardlm share); v3-cc: sealed channels and files (shardlm keys, "
       "shardlm seal); plain: not private, in one process")
      ->check(check_protocol)
      ->capture_default_str()
      ->group(kPrivacy)
      ->type_name(type_of(with_plain(protocol::preset_names())));
}

void add_private_protocol(CLI::App& c, std::string& protocol) {
  c.add_option("--protocol", protocol, "One of the private protocols; shardlm generate --help says what each is")
      ->check(check_private)
      ->capture_default_str()
      ->group(kPrivacy)
      ->type_name(type_of(protocol::preset_names()));
}

void add_dealer_ahead(CLI::App& c, std::uint64_t& bytes) {
  c.add_option("--dealer-ahead", bytes,
               "Bytes that the dealer may be ahead of the servers, such as 256M or 1G: more hides a slow dealer, and takes as much memory")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->default_str("256M")
      ->group(kRunning)
      ->type_name("BYTES");
}

void add_embedding(CLI::App& c, std::string& embedding) {
  static const std::vector<std::string> kEmbeddings{"table", "ot", "dpf"};
  c.add_option(
       "--embedding", embedding,
       "How the client comes by its tokens' embeddings. table: from its own model file; ot: by oblivious transfer, from a table that "
       "it opens row by row (shardlm ot); dpf: the servers read them without learning where (default: the protocol's)")
      ->check(CLI::IsMember(kEmbeddings).description(""))
      ->group(kPrivacy)
      ->type_name(type_of(kEmbeddings));
}

void add_job(CLI::App& c, JobOptions& o) {
  add_embedding(c, o.embedding);
  c.add_option("--ot", o.tables,
               "With --embedding ot: the folder of the table and its key, at server 0 or with v3-mpc at the dealer (default: the model's "
               "name with .ot)")
      ->group(kPrivacy)
      ->type_name("FOLDER");
  c.add_option("--pad-to", o.pad_to, "Let each prompt take so many positions, whatever its length: nobody learns how long it is")
      ->check(within(1, 1 << 24))
      ->group(kPrivacy)
      ->type_name("N");
  add_dealer_ahead(c, o.dealer_ahead);
  c.add_flag("--secure-channels", o.secure_channels, "Encrypt and authenticate all that travels between ranks (default with v3-cc)")
      ->group(kSecurity);
  c.add_option("--identity", o.identity,
               "This rank's key file (shardlm keys new), or a folder with client.key, server0.key, server1.key and dealer.key")
      ->group(kSecurity)
      ->type_name("PATH");
  c.add_option("--peers", o.peers, "Deck of the four ranks' public keys, and of what their machines must prove")
      ->group(kSecurity)
      ->type_name("FILE");
  add_unlock(c, o.unlock);
  c.add_flag("--one-machine", o.one_machine,
             "With v3-mpc: the folder of --model may hold all ranks' files, to try it out where that is no secret")
      ->group(kPrivacy);
  c.add_option("--timeout", o.timeout, "Seconds after which a rank that went quiet is given up")
      ->check(within(1.0, 86400.0))
      ->group(kRunning)
      ->capture_default_str()
      ->type_name("SECONDS");
  c.add_option("--threads", o.threads, "Threads a rank (default: OMP_NUM_THREADS, or a third of the cores)")
      ->check(within(1, 4096))
      ->group(kRunning)
      ->type_name("N");
}

}  // namespace shardlm::app
