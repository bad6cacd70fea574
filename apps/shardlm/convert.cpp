#include "convert.hpp"

#include <cstdio>

#include "progress.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/io/random_model.hpp"

namespace shardlm::app {
namespace {

io::RandomModel random_model(const ConvertOptions& options) {
  io::RandomModel model = io::random_model(options.random, options.seed.value_or(io::kRandomModelSeed));
  model.config.silu_bits = options.silu_bits;
  return model;
}

}  // namespace

int convert(const ConvertOptions& options) {
  remove_on_signals();
  const Clock clock;
  Progress progress;
  const io::Progress show = [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); };
  if (options.random.empty())
    io::convert(options.folder, options.out, show, {}, options.silu_bits);
  else
    io::convert_random(random_model(options), options.out, show);
  std::fprintf(stderr, "%s written in %.1f s\n", options.out.c_str(), clock.seconds());
  return 0;
}

}  // namespace shardlm::app
