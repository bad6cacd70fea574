#include "options_parts.hpp"
#include "shardlm/io/random_model.hpp"

namespace shardlm::app {
namespace {

// The one name that convert --random takes is the file to write, not a folder. Why the rest does not say what to do, or "".
std::string settle(ConvertOptions& o) {
  const bool random = !o.random.empty();
  if (random && o.out.empty()) std::swap(o.folder, o.out);
  if (random && !o.folder.empty()) return "give either a Hugging Face folder or --random, not both";
  if (!random && o.seed) return "--seed goes with --random";
  if (!random && (o.folder.empty() || o.out.empty()))
    return "give a Hugging Face folder and the model file to write, or --random SIZE and the model file to write";
  return o.out.empty() ? "give the model file to write" : "";
}

}  // namespace

void add_convert(CLI::App& app, ConvertOptions& o) {
  CLI::App* c = app.add_subcommand("convert", "Make a model file of a checkpoint");
  explain(*c,
          "Reads config.json, tokenizer.json and safetensors in BF16, F16 or F32, as Hugging Face lays Qwen2.5 out, and writes the one "
          "file that "
          "all other subcommands take. It needs less than 1 GiB of memory, and leaves no half file behind.\n\n"
          "With --random the one name given is the file to write. Such a model answers nonsense, at the cost of a real one of its shape.",
          {"shardlm convert Qwen2.5-0.5B-Instruct model.h5", "shardlm convert --random 7b random-7b.h5"});
  c->add_option("folder", o.folder, "Hugging Face folder: config.json, tokenizer.json, *.safetensors")->type_name("FOLDER");
  c->add_option("out", o.out, "Model file to write")->type_name("FILE");
  c->add_option("--random", o.random, "Instead of a folder: random weights in the shape of a Qwen2.5 of this size, or of a config.json")
      ->type_name("{0.5b,1.5b,3b,7b,14b,32b,72b,PATH}");
  c->add_option(
       "--seed", o.seed,
       "Of the random weights: the same seed makes the same file on every machine (default: " + std::to_string(io::kRandomModelSeed) + ")")
      ->type_name("N");
  c->add_option("--silu-bits", o.silu_bits,
                "Cells of the SiLU table, as a power of two, 12 to 16: 12 holds gates below 128, one more twice as much (shardlm check "
                "says what is needed)")
      ->check(within(12, 16))
      ->capture_default_str()
      ->type_name("N");
  c->final_callback([&o] {
    const std::string trouble = settle(o);
    if (!trouble.empty()) throw CLI::ValidationError("convert", trouble);
  });
}

void add_share(CLI::App& app, ShareOptions& o) {
  CLI::App* c = app.add_subcommand("share", "Cut a model in four files, one a rank, for --protocol v3-mpc");
  explain(*c,
          "The folder gets client.h5, server0.h5, server1.h5 and dealer.h5. Bring each to its host and keep it from the others: the two "
          "servers' "
          "files together are the weights, and so is the dealer's alone. Server 1's takes some four times the room of the model.",
          {"shardlm share model.h5 --out shares"});
  c->add_option("model", o.model, "Model file (shardlm convert)")->required()->type_name("FILE");
  c->add_option("--out", o.out, "Folder to write, which is not there yet")->required()->type_name("FOLDER");
}

void add_ot(CLI::App& app, OtOptions& o) {
  CLI::App* c = app.add_subcommand("ot", "Make or renew a sealed table, for clients without the model");
  c->require_subcommand(1);
  const std::string notes =
      "The folder gets table.h5, which every client is sent, and key.h5, which opens all of it and stays with server 0 (with --protocol "
      "v3-mpc at the dealer's rank). A new key makes the tables that clients hold useless, but not the rows that they have opened. It is "
      "what "
      "--protocol v3-ot needs, and --embedding ot beside any other protocol.";
  const std::string make = "shardlm ot make model.h5", rotate = "shardlm ot rotate model.h5";
  explain(*c, notes, {make, rotate}, false);
  for (const auto& [name, what, example] : {std::tuple{"make", "Make a key and its table, in a folder that is not there yet", make},
                                            std::tuple{"rotate", "Put a new key and table in place of those of a folder", rotate}}) {
    CLI::App* s = c->add_subcommand(name, what);
    explain(*s, notes, {example});
    s->add_option("model", o.model, "Model file (shardlm convert)")->required()->type_name("FILE");
    s->add_option("--out", o.folder, "Their folder (default: the model's name with .ot)")->type_name("FOLDER");
  }
}

void add_info(CLI::App& app, InfoOptions& o) {
  CLI::App* c = app.add_subcommand("info", "Show what a model file holds and what a request will cost");
  explain(*c, "Counts rounds, bytes and memory exactly, without running anything. A size needs no file at all.",
          {"shardlm info model.h5 --tokens 19 --max-tokens 100", "shardlm info 7b --protocol v3-mpc --json"});
  c->add_option("model", o.model, "Model file, a Hugging Face folder, or a size such as 7b")
      ->required()
      ->type_name("{0.5b,1.5b,3b,7b,14b,32b,72b,PATH}");
  c->add_option("-T,--tokens", o.tokens, "Tokens of the prompt")->check(within(1, 1 << 24))->capture_default_str()->type_name("N");
  c->add_option("-m,--max-tokens", o.answer, "Tokens of the answer")->check(within(1, 1 << 24))->capture_default_str()->type_name("N");
  add_private_protocol(*c, o.protocol);
  add_embedding(*c, o.embedding);
  add_dealer_ahead(*c, o.dealer_ahead);
  c->add_flag("--json", o.json, "Print one JSON object instead of text");
}

}  // namespace shardlm::app
