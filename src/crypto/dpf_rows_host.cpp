#include "dpf_rows_host.hpp"

#include <algorithm>
#include <atomic>

namespace shardlm::crypto {
namespace {

constexpr std::size_t kGroupTokens = 32;  // that go over the table together: their words of a chunk fill a quarter of a second-level cache

using HostRange = Kokkos::RangePolicy<HostExec, Kokkos::IndexType<std::int64_t>>;

HostArray<Word> room(const char* name, std::size_t n) { return HostArray<Word>(Kokkos::view_alloc(std::string(name), Kokkos::WithoutInitializing), n); }

std::size_t reversed(std::size_t x, int bits) {
  std::size_t out = 0;
  for (int i = 0; i < bits; ++i) out |= (x >> i & 1) << (bits - 1 - i);
  return out;
}

// The blocks of a table as the kernels read them, in whole groups of columns. A copy with zeros behind it stands for the last ones, where the table
// ends within a block or a group would reach beyond the table: from the last block, or, where that is short, from the one before.
class Blocks {
 public:
  Blocks(const RowNumbers& table, std::size_t group)
      : bytes_(table.bytes),
        stride_(table.columns * bytes_of(table.format)),
        padded_((table.columns + group - 1) / group * group),
        count_((table.rows + kBlockRows - 1) / kBlockRows),
        copied_from_(count_) {
    if (padded_ != table.columns)
      copied_from_ = count_ < 2 ? 0 : count_ - 2;
    else if (table.rows % kBlockRows != 0)
      copied_from_ = count_ - 1;
    copied_stride_ = padded_ * bytes_of(table.format);
    copied_.assign((count_ - copied_from_) * kBlockRows * copied_stride_, 0);
    for (std::size_t row = copied_from_ * kBlockRows; row < table.rows; ++row)
      std::copy_n(bytes_ + row * stride_, stride_, copied_.data() + (row - copied_from_ * kBlockRows) * copied_stride_);
  }
  std::size_t count() const { return count_; }
  std::size_t padded_columns() const { return padded_; }
  void place(std::size_t block, RowBlock& out) const {
    const bool copied = block >= copied_from_;
    out.stride = copied ? copied_stride_ : stride_;
    out.table = copied ? copied_.data() + (block - copied_from_) * kBlockRows * copied_stride_ : bytes_ + block * kBlockRows * stride_;
    out.columns = padded_;
  }

 private:
  const std::uint8_t* bytes_;
  std::size_t stride_, padded_, count_, copied_from_, copied_stride_;
  std::vector<std::uint8_t> copied_;
};

// Where a column's sum lies.
std::size_t place_of(std::size_t column, RowFormat format, std::size_t lanes) {
  if (format == RowFormat::f32) return column;
  const std::size_t in_group = column % (2 * lanes);
  return column - in_group + in_group % 2 * lanes + in_group / 2;
}

// Every worker takes chunk after chunk and has sums of its own; which chunks it took does not matter, because sums mod 2^64 are exact.
void weighted_group(const RowKernels& kernels, const RowNumbers& table, const Blocks& blocks, const RowBatch& batch, int scale, Word* out) {
  const RowChunks chunks(kernels, batch, table.rows);
  const std::size_t tokens = batch.tokens, pitch = blocks.padded_columns(), some_words = tokens * kWeightPitch, some_sums = tokens * pitch;
  const std::size_t workers = std::min<std::size_t>(HostExec().concurrency(), chunks.count());
  const HostArray<Word> words = room("weights of rows", workers * some_words), sums = room("sums of rows", workers * some_sums);
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t worker) {
    RowBlock block{};
    block.scale = scale;
    block.tokens = tokens;
    block.pitch = pitch;
    block.sums = sums.data() + worker * some_sums;
    Word* const weights = words.data() + worker * some_words;
    std::fill_n(block.sums, some_sums, 0);
    std::fill_n(weights, some_words, 0);
    for (std::size_t chunk; (chunk = next.fetch_add(1)) < chunks.count();) {
      chunks.words(chunk, weights);
      const std::size_t first = chunk * (kChunkRows / kBlockRows), end = std::min(first + kChunkRows / kBlockRows, blocks.count());
      for (std::size_t b = first; b < end; ++b) {
        blocks.place(b, block);
        block.weights = weights + (b - first) * kBlockRows;
        kernels.multiply[static_cast<int>(table.format)](block);
      }
    }
  };
  const auto* worker = &work;
  Kokkos::parallel_for("shardlm::crypto::weighted_rows", HostRange(0, workers), [=](std::int64_t i) { (*worker)(i); });
  HostExec().fence();
  const Word* all = sums.data();
  const Word minus = 0 - Word{batch.party};
  Kokkos::parallel_for("shardlm::crypto::sum_rows", HostRange(0, tokens), [=](std::int64_t token) {
    for (std::size_t c = 0; c < table.columns; ++c) {
      Word sum = 0;
      for (std::size_t w = 0; w < workers; ++w) sum += all[w * some_sums + token * pitch + place_of(c, table.format, kernels.lanes)];
      out[token * table.columns + c] = (sum ^ minus) - minus;
    }
  });
  HostExec().fence();
}

}  // namespace

const RowKernels& row_kernels(Isa isa) { return isa == Isa::avx512 ? row_kernels_avx512 : isa == Isa::avx2 ? row_kernels_avx2 : row_kernels_baseline; }

RowChunks::RowChunks(const RowKernels& kernels, const RowBatch& batch, std::size_t rows)
    : kernels_(kernels), batch_(batch), height_(std::min(batch.depth, kChunkHeight)), levels_(batch.depth - height_) {
  const std::size_t chunk_rows = std::size_t{8} << height_;
  count_ = (rows + chunk_rows - 1) / chunk_rows;
  for (; levels_ > 0 && count_ <= std::size_t{1} << (levels_ - 1); --levels_) ++narrow_;
  pitch_ = node_pitch(levels_);
  nodes_.assign(batch.tokens * kNodeRows * pitch_, 0);
  Kokkos::parallel_for("shardlm::crypto::grow_rows", HostRange(0, batch.tokens), [=](std::int64_t token) { grow_token(token); });
  HostExec().fence();
}

void RowChunks::grow_token(std::size_t token) {
  std::uint32_t* nodes = nodes_.data() + token * kNodeRows * pitch_;
  for (int i = 0; i < 4; ++i) nodes[i * pitch_] = batch_.keys[token * batch_.pitch + i];
  nodes[4 * pitch_] = 0u - batch_.party;
  for (int level = 0; level < narrow_; ++level) kernels_.grow(batch_, token, level, 1, nodes, pitch_);
  kernels_.grow(batch_, token, narrow_, levels_, nodes, pitch_);
}

void RowChunks::words(std::size_t chunk, Word* out) const {
  constexpr std::size_t kPitch = (std::size_t{1} << kChunkHeight) + kMostLanes;
  std::uint32_t nodes[kNodeRows * kPitch] = {};
  const WipeAtEnd<decltype(nodes)> wiping(nodes);
  for (std::size_t token = 0; token < batch_.tokens; ++token) {
    const std::uint32_t* top = nodes_.data() + token * kNodeRows * pitch_ + reversed(chunk, levels_);
    for (std::size_t i = 0; i < kNodeRows; ++i) nodes[i * kPitch] = top[i * pitch_];
    kernels_.grow(batch_, token, narrow_ + levels_, height_, nodes, kPitch);
    kernels_.leaves(batch_, token, height_, nodes, kPitch, out + token * kWeightPitch);
  }
}

void weighted_rows_host(const RowKernels& kernels, const RowNumbers& table, const RowBatch& batch, int scale, Word* out,
                        const std::function<void()>& between) {
  const Blocks blocks(table, 2 * kernels.lanes);
  const std::size_t groups = (batch.tokens + kGroupTokens - 1) / kGroupTokens;
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t first = batch.tokens * group / groups;
    RowBatch some = batch;
    some.tokens = batch.tokens * (group + 1) / groups - first;
    some.keys += first * batch.pitch;
    some.first_serial += static_cast<std::uint32_t>(first);
    weighted_group(kernels, table, blocks, some, scale, out + first * table.columns);
    if (between) between();
  }
}

}  // namespace shardlm::crypto
