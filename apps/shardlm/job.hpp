// What every private subcommand does on four ranks before and after its own work: command lines agree, the prompt stays on the
// client's host, the model is the same everywhere, the memory suffices; servers and dealer then serve until the client has ended.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "options.hpp"
#include "secure.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/protocol/session.hpp"

namespace shardlm::app {

// Tokens, for which memory is wanted.
struct Extent {
  std::size_t prompt = 1;    // the longest prompt that is computed at once
  std::size_t capacity = 1;  // all that a conversation can come to hold
  std::uint64_t pool = 0;    // bytes that the dealer keeps for requests to come
};

// The client's own part, and what a subcommand does on every rank around it.
struct ClientPart {
  // Options that hold secret text, as a sentence names them ("-p, --system"), or "" where none was given: what mpirun tells every host.
  std::string told;
  // Reads and checks its input. Runs in a thread of its own, where Kokkos does not work, so that the other ranks can be told that
  // this one lives. Throws Error.
  std::function<Extent(const io::ModelFile&)> prepare;
  // Told, where it is given, what was found out about the other ranks' machines.
  std::function<void(const Attested&)> attested = {};
  // Told, where it is given, how many bytes each of the other ranks has to compute with. Before run.
  std::function<void(std::uint64_t)> memory = {};
  // On every rank: who records where its time goes, or null; called before the client's first request and after its last one. Collective.
  trace::Recorder* recorder = nullptr;
  std::function<void(net::World&)> before = {}, after = {};
  // The others wait for its requests as long as it takes. start_up: seconds since main. Throws Error, which ends the job on all ranks.
  std::function<void(protocol::Client&, const io::ModelFile&, double start_up)> run;
  // Instead of run, where a job offers several protocols: a client for each, in the order of offered() (choices.hpp).
  std::function<void(net::World&, std::vector<std::unique_ptr<protocol::Client>>&, const io::ModelFile&)> run_each = {};
};

// trouble: a sentence about this rank's command line, which the others learn, or "". Returns the exit code.
int on_four_ranks(const JobOptions& options, const std::string& trouble, const ClientPart& client);

}  // namespace shardlm::app
