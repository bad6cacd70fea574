#include "shardlm/crypto/weight_stream.hpp"

#include "launch.hpp"

namespace shardlm::crypto {
namespace {

WeightJob job_for(const Key& key, std::uint32_t matrix, std::size_t panel, std::size_t first, std::size_t columns, Word* out) {
  WeightJob job{};
  for (int i = 0; i < 8; ++i) job.key[i] = key[i];
  job.matrix = matrix;
  job.columns = columns;
  job.tiles_a_panel = tiles_of(columns);
  job.first_panel = panel;
  job.first_column = first;
  job.out = out;
  return job;
}

}  // namespace

Key weight_key(const Seed& seed, const Salt& share_set) {
  Key key;
  for (int i = 0; i < 4; ++i) {
    key[i] = seed[i];
    key[4 + i] = share_set[i];
  }
  return key;
}

const Word* WeightStream::columns(std::size_t panel, std::size_t first, std::size_t some, Word* room) const {
  WeightJob job = job_for(key_, matrix_, panel, first, some, room);
  run_here(job, 0, job.tiles_a_panel);
  wipe(job.key, sizeof job.key);
  return room;
}

void WeightStream::panels(std::size_t first, std::size_t some, const Array<Word>& out) const {
  const WeightJob job = job_for(key_, matrix_, first, 0, columns_, out.data());
  launch("shardlm::crypto::weights", job, some * job.tiles_a_panel);
}

}  // namespace shardlm::crypto
