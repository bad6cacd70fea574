// weighted_rows on CPU.
#pragma once

#include "dpf_rows_kernels.hpp"
#include "dpf_rows_portable.hpp"

#include "shardlm/core/isa.hpp"
#include "shardlm/crypto/dpf_rows.hpp"

#include <vector>

namespace shardlm::crypto {

const RowKernels& row_kernels(Isa isa);

// The keys of a batch, expanded as far as the nodes from which the chunks of a table grow: each of these is then expanded alone, by any thread.
class RowChunks {
 public:
  RowChunks(const RowKernels& kernels, const RowBatch& batch, std::size_t rows);
  ~RowChunks() { wipe(nodes_.data(), nodes_.size() * sizeof nodes_[0]); }
  RowChunks(const RowChunks&) = delete;
  RowChunks& operator=(const RowChunks&) = delete;

  std::size_t count() const { return count_; }
  void words(std::size_t chunk, Word* out) const;  // [tokens][kWeightPitch], without the sign

 private:
  void grow_token(std::size_t token);

  const RowKernels& kernels_;
  const RowBatch& batch_;
  int height_;           // of a chunk's subtree
  int narrow_ = 0;       // levels from the root that go left alone, because the table ends there
  int levels_;           // from there to the chunks
  std::size_t count_, pitch_;
  std::vector<std::uint32_t> nodes_;  // [tokens][kNodeRows][pitch]
};

// out: [tokens][columns].
void weighted_rows_host(const RowKernels& kernels, const RowNumbers& table, const RowBatch& batch, int scale, Word* out,
                        const std::function<void()>& between = {});

}  // namespace shardlm::crypto
