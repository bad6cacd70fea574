#include "generate.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include "answer_file.hpp"
#include "clock.hpp"
#include "conversation.hpp"
#include "memory.hpp"
#include "shardlm/net/run.hpp"
#include "shardlm/protocol/session.hpp"
#include "timing.hpp"

namespace shardlm::app {
namespace {

using net::Role;
using net::World;

// What each rank brings to a request, or the sentence that says why it cannot.
struct Start {
  std::optional<io::ModelFile> model;
  std::optional<Conversation> conversation;  // the client's
  std::string trouble;
};

Start prepare(Role role, const GenerateOptions& o) {
  Start start;
  try {
    start.model.emplace(o.model);
    if (role != Role::client) return start;
    if (!o.out.empty()) check_writable(o.out);
    start.conversation.emplace(o, start.model->config(), start.model->tokenizer_json(), start.model->chat_template());
  } catch (const std::exception& error) {
    start.trouble = error.what();
  }
  return start;
}

// A model that was never read is checksummed first, which may take minutes, and a person may still write the prompt: tells the
// others meanwhile that this rank lives. Should one of them fail, nobody waits for the thread: the process ends.
Start prepare_and_tell(World& world, const GenerateOptions& o) {
  std::packaged_task<Start()> task([role = world.role(), &o] { return prepare(role, o); });
  std::future<Start> start = task.get_future();
  std::thread(std::move(task)).detach();
  while (start.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) world.still_working();
  return start.get();
}

// Every host sees a command line or a deck that the ranks share, and mpirun tells every host the command lines of all ranks.
void check_prompt_stays(World& world, const GenerateOptions& o) {
  const std::vector<std::string> hosts = world.gather_all(host_name());
  const bool several = std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) { return host != hosts[0]; });
  const bool told = o.prompt.has_value() || !o.system.value_or("").empty();
  world.agree(several && told && world.role() == Role::client
                  ? "-p, --system and a deck's prompt are seen by every host of this job: give the prompt with --prompt-file or on standard input"
                  : "");
}

void check_memory(World& world, const Start& start, const GenerateOptions& o) {
  std::uint64_t needed = 0;
  if (start.conversation) {
    const std::size_t prompt = start.conversation->prompt_tokens();
    needed = bytes_needed(start.model->config(), prompt, prompt + o.max_tokens - 1, o.dealer_ahead) + bytes_of_weights(o.model);
  }
  world.agree(memory_trouble(world, needed));
}

void ask(World& world, Start& start, const GenerateOptions& o, double start_up) {
  const Clock clock;
  protocol::Client client(world, *start.model);
  client.announce(start.conversation->prompt_tokens(), o.max_tokens - 1);
  Measured measured;
  measured.answer = start.conversation->answer([&client](const std::vector<text::Token>& tokens) { return client.step(tokens); });
  measured.reports = client.finish();
  client.end();
  measured.start_up = start_up;
  measured.embedding = client.embedding_seconds();
  measured.request = clock.seconds();
  if (!o.out.empty()) write_file(o.out, measured.answer.text + "\n");
  report(measured, start.model->config(), o);
}

int answer(World& world, const GenerateOptions& o, const std::string& trouble, const Clock& since_start) {
  world.agree(trouble);
  check_prompt_stays(world, o);
  Start start = prepare_and_tell(world, o);
  protocol::agree_on_model(world, start.model ? start.model->digest() : std::string(), start.trouble);
  check_memory(world, start, o);
  if (world.role() == Role::client) {
    ask(world, start, o, since_start.seconds());
  } else {
    const qwen::Model model(*start.model);
    protocol::serve(world, model, {std::size_t(o.dealer_ahead)});
  }
  return 0;
}

}  // namespace

int generate_private(const GenerateOptions& options, const std::string& trouble) {
  const Clock since_start;
  char name[] = "shardlm";
  char* arguments[] = {name, nullptr};  // neither MPI nor Kokkos, which has a --threads of its own, reads the program's options
  char** argv = arguments;
  int argc = 1;
  return net::run(
      argc, argv, [&](World& world) { return answer(world, options, trouble, since_start); }, options.timeout);
}

}  // namespace shardlm::app
