// shardlm: one program, one file a subcommand.
#include <fcntl.h>

#include <algorithm>
#include <cstdio>

#include "bench.hpp"
#include "chat.hpp"
#include "check.hpp"
#include "compare.hpp"
#include "convert.hpp"
#include "gateway_client/client.hpp"
#include "generate.hpp"
#include "identities.hpp"
#include "info.hpp"
#include "launch.hpp"
#include "ot.hpp"
#include "relay.hpp"
#include "seal.hpp"
#include "serve.hpp"
#include "share.hpp"
#include "shardlm/core/error.hpp"

namespace {

using namespace shardlm;
using namespace shardlm::app;

int run(const Command& command, const Launch& launch, int argc, char** argv) {
  if (command.kind == Command::Kind::chat) {
    prepare_for_interrupts(command.chat, launch);
    if (!launch.by_launcher && command.chat.protocol != "plain" && command.text.empty() && command.trouble.empty())
      return relay_to_four_ranks(argc, argv, RelayFor::talk);
  }
  if (command.kind == Command::Kind::serve) {
    prepare_to_serve(launch);
    if (!launch.by_launcher && command.text.empty() && command.trouble.empty()) return relay_to_four_ranks(argc, argv, RelayFor::serving);
  }
  const bool comparing = command.kind == Command::Kind::compare;
  const bool chatting = command.kind == Command::Kind::chat;
  const bool measuring = command.kind == Command::Kind::bench;
  const bool serving = command.kind == Command::Kind::serve;
  const bool on_four_ranks = comparing || serving || (measuring && command.bench.protocol != "plain") || (chatting && command.chat.protocol != "plain") ||
                             (command.kind == Command::Kind::generate && command.generate.protocol != "plain");
  const int threads = command.kind == Command::Kind::check ? command.check.threads
                      : comparing                          ? command.compare.threads
                      : measuring                          ? command.bench.threads
                      : serving                            ? command.serve.threads
                      : chatting                           ? command.chat.threads
                                                           : command.generate.threads;
  set_threads(threads, on_four_ranks ? std::min(3, launch.local_ranks) : 1);
  // Ranks of one job may have a command line each, so what is wrong with one is told to all of them; those of a rank that has no
  // part in the job as well, for the others wait for it.
  if (launch.parts > 1 && (!on_four_ranks || !command.text.empty()))
    return generate_private(GenerateOptions(), "the command line of this rank asks for something else than the other ranks' do: give each "
                                               "part of the job the same subcommand and protocol");
  if (on_four_ranks && command.text.empty() && (launch.by_launcher || command.trouble.empty()))
    return comparing  ? compare(command.compare, command.trouble)
           : measuring ? bench_private(command.bench, command.trouble)
           : serving ? serve(command.serve, command.trouble)
           : chatting ? chat_private(command.chat, command.trouble)
                      : generate_private(command.generate, command.trouble);
  if (launch.rank != 0) return 0;  // one process is enough for the rest
  if (!command.text.empty()) return std::fputs(command.text.c_str(), stdout) < 0;
  if (!command.trouble.empty()) throw Error(command.trouble);
  switch (command.kind) {
    case Command::Kind::generate:
      return generate_plain(command.generate);
    case Command::Kind::chat:
      return chat_plain(command.chat);
    case Command::Kind::convert:
      return convert(command.convert);
    case Command::Kind::share:
      return share(command.share);
    case Command::Kind::ot_make:
      return ot_make(command.ot);
    case Command::Kind::ot_rotate:
      return ot_rotate(command.ot);
    case Command::Kind::keys_new:
      return keys_new(command.keys);
    case Command::Kind::keys_show:
      return keys_show(command.keys);
    case Command::Kind::keys_trial:
      return keys_trial(command.keys);
    case Command::Kind::seal:
      return seal_file(command.seal);
    case Command::Kind::unseal:
      return unseal_file(command.unseal);
    case Command::Kind::keys_data:
      return keys_data(command.keys);
    case Command::Kind::bench:
      return bench_plain(command.bench);
    case Command::Kind::check:
      return check(command.check);
    case Command::Kind::client_health:
      return client_health(command.client);
    case Command::Kind::client_info:
      return client_info(command.client);
    case Command::Kind::client_generate:
      return client_generate(command.client);
    case Command::Kind::client_chat:
      return client_chat(command.client);
    case Command::Kind::client_benchmark:
      return client_benchmark(command.client);
    case Command::Kind::info:
      return info(command.info);
    default:
      throw Error("nothing to do; see shardlm --help");
  }
}

// A descriptor that is opened later must not become standard input or output because that was closed.
void hold_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) throw Error("standard input or output is closed: give /dev/null instead");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    hold_standard_descriptors();
    return run(parse(argc, argv), launch(), argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shardlm: %s\n", error.what());
    return 1;
  }
}
