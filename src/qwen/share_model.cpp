#include "shardlm/qwen/share_model.hpp"

#include <algorithm>

#include "shardlm/core/wipe.hpp"
#include "shardlm/crypto/weight_stream.hpp"
#include "shardlm/io/share_set.hpp"

namespace shardlm::qwen {
namespace {

constexpr std::size_t kColumns = 4096;  // of a panel at a time, a multiple of 16

}  // namespace

std::string share_model(const std::string& model, const std::string& folder, const io::Progress& progress) {
  const crypto::Salt set = crypto::random_salt();
  crypto::Seed seed = crypto::random_salt();
  crypto::Key key = crypto::weight_key(seed, set);
  const WipeAtEnd wipe_seed(seed);
  const WipeAtEnd wipe_key(key);
  const io::ShareStream stream = [&key](const io::SharePart& part, std::uint64_t* words) {
    const crypto::WeightStream matrix(key, part.matrix, part.columns);
    for (std::size_t c = 0; c < part.columns; c += kColumns)
      matrix.columns(part.panel, c, std::min(kColumns, part.columns - c), words + c * kWordPanel);
  };
  io::write_share_set(model, folder, set, seed, stream, progress);
  return io::share_set_name(set);
}

}  // namespace shardlm::qwen
