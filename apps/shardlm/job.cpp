#include "job.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>

#include "clock.hpp"
#include "held.hpp"
#include "in_thread.hpp"
#include "memory.hpp"
#include "progress.hpp"
#include "secure.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/io/received_file.hpp"
#include "shardlm/net/run.hpp"
#include "shardlm/ot/table.hpp"
#include "shardlm/protocol/file_transfer.hpp"

namespace shardlm::app {
namespace {

using net::Role;
using net::World;

// What each rank brings to a job, or the sentence that says why it cannot.
struct Start {
  std::optional<Held> held;
  std::optional<Extent> extent;  // the client's
  std::string trouble;
};

// Shared, because such a thread may outlive a failure for a moment.
std::shared_ptr<Start> open_own(World& world, const JobOptions& o, const std::shared_ptr<const Unsealed>& files) {
  auto start = std::make_shared<Start>();
  start->trouble = in_thread(world, [start, &o, files, role = world.role()] { start->held.emplace(role, o, *files); });
  return start;
}

// A client without a model gets what it needs from the rank that has it, unless it has it already.
void bring_to_client(World& world, Role holder, protocol::Embedding embedding, const std::shared_ptr<Start>& start) {
  if (world.role() == holder) protocol::offer_file(world, start->held->to_send(embedding).path, start->held->to_send(embedding).digest);
  if (world.role() != Role::client) return;
  const auto check = [&world, part = received_part(embedding)](const std::string& path, const std::string& digest) {
    const auto found = std::make_shared<std::string>();
    const std::string trouble = in_thread(world, [part, path, digest, found] { *found = io::why_not(path, part, digest); });
    if (!trouble.empty()) throw Error(trouble);
    return *found;
  };
  Progress progress;
  const protocol::Received received =
      protocol::receive_file(world, holder, check, [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); });
  if (received.sent > 0) std::fprintf(stderr, "%s received and kept\n", received.path.c_str());
  const std::string trouble = in_thread(world, [start, embedding, path = received.path] { start->held->open_received(embedding, path); });
  if (start->trouble.empty()) start->trouble = trouble;
}

void bring_to_client(World& world, const std::vector<protocol::Choices>& offered, const std::shared_ptr<Start>& start) {
  std::set<protocol::Embedding> brought;
  for (const protocol::Choices& choices : offered)
    if (const std::optional<Role> holder = Held::offers(choices))
      if (brought.insert(choices.embedding).second) bring_to_client(world, *holder, choices.embedding, start);
}

void prepare_client(World& world, const ClientPart& client, const std::shared_ptr<Start>& start) {
  if (world.role() == Role::client && start->trouble.empty())
    start->trouble = in_thread(world, [start, &client] { start->extent = client.prepare(start->held->file()); });
  world.agree(start->trouble);
}

// Every host sees a command line or a deck that the ranks share, and mpirun tells every host the command lines of all ranks.
void check_prompt_stays(World& world, const std::string& told) {
  const std::vector<std::string> hosts = world.gather_all(host_identity());
  const bool several = std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) { return host != hosts[0]; });
  world.agree(several && !told.empty() && world.role() == Role::client
                  ? told + " in arguments or a deck are seen by every host of this job: give the text in a file or on standard input"
                  : "");
}

void check_memory(World& world, const Start& start, const JobOptions& o, const ClientPart& part) {
  const Least least = least_memory(world, start.held->device_bytes());
  std::uint64_t needed = 0;
  if (start.extent)
    needed = bytes_needed(start.held->file().config(), start.extent->prompt, start.extent->capacity, o.dealer_ahead) + start.extent->pool;
  world.agree(start.extent ? memory_trouble(least, needed) : "");
  if (start.extent && part.memory) part.memory(least.share());
}

void serve_client(World& world, const JobOptions& o, const std::vector<protocol::Choices>& offered, const Held& held, trace::Recorder* recorder) {
  const qwen::Model model = held.model();
  protocol::ServeOptions options;
  options.dealer_ahead = std::size_t(o.dealer_ahead);
  options.embeddings.clear();
  for (const protocol::Choices& one : offered) options.embeddings.push_back(one.embedding);
  const auto& embeddings = options.embeddings;
  std::optional<ot::PrivateKey> key;
  if (held.key()) key.emplace(ot::key_of(*held.key()));
  if (key) options.key = &*key;
  if (std::count(embeddings.begin(), embeddings.end(), protocol::Embedding::dpf) > 0 && world.role() != Role::dealer) options.table = &held.file();
  options.recorder = recorder;
  for (const PoolSize& size : o.pool) options.pool.push_back({size.positions, size.requests});
  options.pool_engine = offered[0].engine;
  options.pool_tokens = o.pool_tokens;
  protocol::serve(world, model, options);
}

int work(World& world, const JobOptions& o, const std::string& trouble, const ClientPart& part, const Clock& since_start) {
  world.agree(trouble);
  const Attested attested = secure_channels(world, o);
  if (world.role() == Role::client) {
    std::fputs(lines_of(attested).c_str(), stderr);
    if (part.attested) part.attested(attested);
  }
  check_prompt_stays(world, part.told);
  const auto files = std::make_shared<const Unsealed>(world, Held::files(world.role(), o), o);
  const std::shared_ptr<Start> start = open_own(world, o, files);
  const bool known = start->held.has_value();  // else the choices themselves may be what is wrong
  const std::vector<protocol::Choices> offered = known ? app::offered(o) : std::vector<protocol::Choices>{{}};
  protocol::agree_on_model(world, known ? start->held->digest() : std::string(), start->trouble, offered);
  bring_to_client(world, offered, start);
  prepare_client(world, part, start);
  check_memory(world, *start, o, part);
  if (part.before) part.before(world);
  if (world.role() == Role::client) {
    std::vector<std::unique_ptr<protocol::Client>> clients;
    for (const protocol::Choices& one : offered) clients.push_back(std::make_unique<protocol::Client>(world, start->held->file(one.embedding), one));
    if (part.run_each)
      part.run_each(world, clients, start->held->file());
    else
      part.run(*clients[0], start->held->file(), since_start.seconds());
    clients[0]->end();
  } else {
    serve_client(world, o, offered, *start->held, part.recorder);
  }
  if (part.after) part.after(world);
  return 0;
}

}  // namespace

int on_four_ranks(const JobOptions& options, const std::string& trouble, const ClientPart& client) {
  const Clock since_start;
  char name[] = "shardlm";
  char* arguments[] = {name, nullptr};  // neither MPI nor Kokkos, which has a --threads of its own, reads the program's options
  char** argv = arguments;
  int argc = 1;
  return net::run(
      argc, argv, [&](World& world) { return work(world, options, trouble, client, since_start); }, options.timeout);
}

}  // namespace shardlm::app
