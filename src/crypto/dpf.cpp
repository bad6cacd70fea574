#include "shardlm/crypto/dpf.hpp"

#include "jobs.hpp"
#include "launch.hpp"
#include "tree.hpp"

#include "shardlm/core/error.hpp"

#include <string>

namespace shardlm::crypto {
namespace {

void check_bits(int m, int most) {
  if (m < 1 || m > most) throw Error("a DPF over " + std::to_string(m) + " bits was asked for; 1 to " + std::to_string(most) + " are possible here");
}

void check_extent(const char* what, std::size_t got, std::size_t want) {
  if (got != want) throw Error(std::string("a DPF batch needs ") + std::to_string(want) + " " + what + ", not " + std::to_string(got));
}

// The seeds and leaves come first, the control bits of all tiles after them.
std::size_t controls_at(int m, std::size_t n) { return tiles_of(n) * (64 * std::size_t(dpf_depth(m)) + 256); }

BlockNames names_of(const Tweak& tweak) {
  BlockNames names{};
  for (int i = 0; i < 4; ++i) names.salt[i] = tweak.salt[i];
  names.serial = tweak.serial;
  return names;
}

KeyBatch batch_of(const DpfKeys& keys) {
  check_bits(keys.m, 64);
  check_extent("root words", keys.roots.size(), tiles_of(keys.n) * 4 * kTile);
  check_extent("correction words", keys.corrections.size(), correction_words(keys.m, keys.n));
  if (keys.party != 0 && keys.party != 1) throw Error("a DPF key belongs to server 0 or 1, not " + std::to_string(keys.party));
  KeyBatch batch{};
  batch.m = keys.m;
  batch.depth = dpf_depth(keys.m);
  batch.party = static_cast<std::uint32_t>(keys.party);
  batch.n = keys.n;
  batch.names = names_of(keys.tweak);
  batch.roots = keys.roots.data();
  batch.corrections = keys.corrections.data();
  batch.controls = batch.corrections + controls_at(keys.m, keys.n);
  return batch;
}

void check_table(int table, int keys) {
  if (table != keys) throw Error("a table over " + std::to_string(table) + " bits cannot be read with DPF keys over " + std::to_string(keys) + " bits");
}

}  // namespace

DpfBatch generate(int m, const Array<Word>& alpha, const Array<std::uint32_t>& roots0, const Array<std::uint32_t>& roots1, const Tweak& tweak) {
  const std::size_t n = alpha.size(), tiles = tiles_of(n);
  check_bits(m, 64);
  check_extent("root words", roots0.size(), tiles * 4 * kTile);
  check_extent("root words", roots1.size(), tiles * 4 * kTile);
  DpfBatch batch;
  batch.corrections = uninitialized<std::uint32_t>("DPF corrections", correction_words(m, n));
  batch.signs = uninitialized<Word>("DPF signs", n);
  Kokkos::deep_copy(Kokkos::subview(batch.corrections, std::make_pair(controls_at(m, n), batch.corrections.size())), 0u);
  GenerateJob job{};
  job.m = m;
  job.depth = dpf_depth(m);
  job.n = n;
  job.names = names_of(tweak);
  job.roots[0] = roots0.data();
  job.roots[1] = roots1.data();
  job.alpha = alpha.data();
  job.corrections = batch.corrections.data();
  job.controls = job.corrections + controls_at(m, n);
  job.signs = batch.signs.data();
  launch("shardlm::crypto::generate", job, tiles);
  return batch;
}

TwoColumns look_up(const LineTable& table, const DpfKeys& keys, const Array<Word>& z) {
  const KeyBatch batch = batch_of(keys);
  check_table(table.m(), keys.m);
  check_extent("positions", z.size(), keys.n);
  const TwoColumns out{uninitialized<Word>("look-up a", keys.n), uninitialized<Word>("look-up b", keys.n)};
  const auto* cells = reinterpret_cast<const LineCells*>(table.cells().data());
  launch("shardlm::crypto::look_up_line", LineJob{batch, cells, z.data(), out.a.data(), out.b.data()}, tiles_of(keys.n));
  return out;
}

Array<Word> look_up(const CellTable& table, const DpfKeys& keys, const Array<Word>& z) {
  const KeyBatch batch = batch_of(keys);
  check_table(table.m(), keys.m);
  check_extent("positions", z.size(), keys.n);
  const Array<Word> out = uninitialized<Word>("look-up", keys.n);
  const std::uint8_t* low = table.planes().data();
  const CellJob job{batch, low, low + table.planes().size() / 2, table.first(), table.last(), z.data(), out.data()};
  launch("shardlm::crypto::look_up_cells", job, tiles_of(keys.n));
  return out;
}

TwoColumns look_up(const WindowTable& table, const DpfKeys& keys, const Array<Word>& z) {
  const KeyBatch batch = batch_of(keys);
  if (keys.m <= kLeafBits) throw Error("a window is read from DPF keys over 10 bits or more, not " + std::to_string(keys.m));
  check_extent("positions", z.size(), keys.n);
  const TwoColumns out{uninitialized<Word>("look-up a", keys.n), uninitialized<Word>("look-up b", keys.n)};
  const WindowJob job{batch, table.cells().data(), table.first(), table.count(), z.data(), out.a.data(), out.b.data()};
  launch("shardlm::crypto::look_up_window", job, tiles_of(keys.n));
  return out;
}

Array<Word> prefix(const DpfKeys& keys, const Array<Word>& x) {
  const KeyBatch batch = batch_of(keys);
  if (keys.n == 0) return Array<Word>();
  if (x.size() % keys.n != 0) check_extent("points", x.size(), x.size() / keys.n * keys.n);
  const Array<Word> out = uninitialized<Word>("prefix", x.size());
  launch("shardlm::crypto::prefix", PrefixJob{batch, x.size() / keys.n, x.data(), out.data()}, tiles_of(keys.n));
  return out;
}

Array<std::uint32_t> expand(const DpfKeys& keys) {
  check_bits(keys.m, kLeafBits + kMaxWholeDepth);
  const std::size_t words = keys.m < 5 ? 1 : std::size_t{1} << (keys.m - 5);
  const Array<std::uint32_t> out = uninitialized<std::uint32_t>("DPF bits", words * keys.n);
  launch("shardlm::crypto::expand", ExpandJob{batch_of(keys), out.data()}, tiles_of(keys.n));
  return out;
}

}  // namespace shardlm::crypto
