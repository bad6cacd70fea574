#include "generate.hpp"

#include <optional>

#include "answer_file.hpp"
#include "choices.hpp"
#include "clock.hpp"
#include "conversation.hpp"
#include "job.hpp"
#include "timing.hpp"

namespace shardlm::app {
namespace {

void ask(protocol::Client& client, const io::ModelFile& model, Conversation& conversation, const GenerateOptions& o, double start_up,
         const Attested& attested) {
  const Clock clock;
  client.announce(lengths(o, conversation.prompt_tokens(), o.max_tokens - 1));
  Measured measured;
  measured.answer = conversation.answer([&client](const std::vector<text::Token>& tokens) { return client.step(tokens); });
  measured.reports = client.finish();
  measured.start_up = start_up;
  measured.attested = attested;
  measured.embedding = client.embedding_seconds();
  measured.prompt_embedding = client.prompt_embedding_seconds();
  measured.oblivious_sent = client.oblivious_bytes().sent;
  measured.oblivious_received = client.oblivious_bytes().received;
  measured.request = clock.seconds();
  if (!o.out.empty()) write_file(o.out, measured.answer.text + "\n");
  report(measured, model.config(), o);
}

}  // namespace

int generate_private(const GenerateOptions& o, const std::string& trouble) {
  std::optional<Conversation> conversation;
  Attested attested;
  ClientPart part;
  part.attested = [&attested](const Attested& all) { attested = all; };
  if (o.prompt.has_value() || !o.system.value_or("").empty()) part.told = "-p and --system";
  part.prepare = [&](const io::ModelFile& model) -> Extent {
    if (o.precision != "float32") throw Error("--precision is for --protocol plain: the private engine has its own numbers");
    if (!o.out.empty()) check_writable(o.out);
    conversation.emplace(o, model.config(), model.tokenizer_json(), model.chat_template());
    const std::size_t prompt = positions(o, conversation->prompt_tokens());
    return {prompt, prompt + o.max_tokens - 1};
  };
  part.run = [&](protocol::Client& client, const io::ModelFile& model, double start_up) { ask(client, model, *conversation, o, start_up, attested); };
  return on_four_ranks(o, trouble, part);
}

}  // namespace shardlm::app
