#include "job.hpp"

#include <algorithm>
#include <future>
#include <optional>
#include <thread>

#include "clock.hpp"
#include "held.hpp"
#include "memory.hpp"
#include "shardlm/net/run.hpp"
#include "shardlm/protocol/presets.hpp"

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

Start prepare(Role role, const JobOptions& o, const ClientPart& client) {
  Start start;
  try {
    start.held.emplace(role, o);
    if (role == Role::client) start.extent = client.prepare(start.held->file());
  } catch (const std::exception& error) {
    start.trouble = error.what();
  }
  return start;
}

// A model that was never read is checksummed first, which may take minutes, and a person may still write the prompt: tells the
// others meanwhile that this rank lives. Should one of them fail, nobody waits for the thread: the process ends.
Start prepare_and_tell(World& world, const JobOptions& o, const ClientPart& client) {
  std::packaged_task<Start()> task([role = world.role(), &o, &client] { return prepare(role, o, client); });
  std::future<Start> start = task.get_future();
  std::thread(std::move(task)).detach();
  while (start.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) world.still_working();
  return start.get();
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
    needed = bytes_needed(start.held->file().config(), start.extent->prompt, start.extent->capacity, o.dealer_ahead);
  world.agree(start.extent ? memory_trouble(least, needed) : "");
  if (start.extent && part.memory) part.memory(least.share());
}

int work(World& world, const JobOptions& o, const std::string& trouble, const ClientPart& part, const Clock& since_start) {
  world.agree(trouble);
  check_prompt_stays(world, part.told);
  Start start = prepare_and_tell(world, o, part);
  protocol::agree_on_model(world, start.held ? start.held->digest() : std::string(), start.trouble);
  check_memory(world, start, o, part);
  if (world.role() == Role::client) {
    protocol::Client client(world, start.held->file(), protocol::preset(o.protocol).engine);
    part.run(client, start.held->file(), since_start.seconds());
    client.end();
  } else {
    const qwen::Model model = start.held->model();
    protocol::serve(world, model, {std::size_t(o.dealer_ahead)});
  }
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
