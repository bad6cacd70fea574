// shardlm: one program, one file a subcommand.
#include "convert.hpp"
#include "generate.hpp"
#include "info.hpp"
#include "launch.hpp"

#include "shardlm/core/error.hpp"

#include <algorithm>
#include <cstdio>

namespace {

using namespace shardlm;
using namespace shardlm::app;

bool is_private(const Command& c) { return c.kind == Command::Kind::generate && c.generate.protocol != "plain"; }

int run(const Command& command, const Launch& launch) {
  const bool on_four_ranks = is_private(command);
  set_threads(command.generate.threads, on_four_ranks ? std::min(3, launch.local_ranks) : 1);
  if (on_four_ranks && command.text.empty()) return generate_private(command.generate, command.trouble);
  if (launch.rank != 0) return 0;  // one process is enough for the rest
  if (!command.text.empty()) return std::fputs(command.text.c_str(), stdout) < 0;
  if (!command.trouble.empty()) throw Error(command.trouble);
  switch (command.kind) {
    case Command::Kind::generate: return generate_plain(command.generate);
    case Command::Kind::convert: return convert(command.convert);
    case Command::Kind::info: return info(command.info);
    default: throw Error("nothing to do; see shardlm --help");
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv), launch());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shardlm: %s\n", error.what());
    return 1;
  }
}
