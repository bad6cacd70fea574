// The tables' promises are checked here, once, so that the kernels need not.
#include "jobs.hpp"

#include "shardlm/core/error.hpp"
#include "shardlm/crypto/dpf.hpp"

#include <cstring>
#include <string>

namespace shardlm::crypto {
namespace {

template <class T>
Array<const T> to_memory(const char* name, const T* data, std::size_t n) {
  Array<T> out = uninitialized<T>(name, n);
  const Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged> in(data, n);
  Kokkos::deep_copy(out, in);
  return out;
}

void check_domain(const char* table, int m, std::size_t cells) {
  if (m < 10 || m > 16) throw Error(std::string(table) + " has 2^" + std::to_string(m) + " cells; it must have 2^10 to 2^16");
  if (cells != std::size_t{1} << m)
    throw Error(std::string(table) + " over " + std::to_string(m) + " bits needs " + std::to_string(std::size_t{1} << m) + " cells in each column, not " +
                std::to_string(cells));
}

[[noreturn]] void reject_line(int column, long cell, const char* why) {
  throw Error("a line table's column " + std::to_string(column) + " " + why + " at cell " + std::to_string(cell));
}

// One column's line and its deviations from it, signed, in the cells -256 .. 255.
struct Line {
  Word slope, offset;
  std::int64_t deviation[LineCells::kWindow];
};

Line find_line(int column, int m, const std::vector<Word>& cells) {
  const long half = 1L << (m - 1), window = LineCells::kWindow / 2;
  const auto at = [&](long cell) { return cells[cell & (2 * half - 1)]; };
  Line line;
  line.slope = at(window + 1) - at(window);
  line.offset = at(window) - window * line.slope;
  for (long cell = window; cell < half; ++cell)
    if (at(cell) != line.offset + static_cast<Word>(cell) * line.slope) reject_line(column, cell, "leaves its line");
  for (long cell = -half; cell < -window; ++cell)
    if (at(cell) != 0) reject_line(column, cell, "is not zero");
  for (long cell = -window; cell < window; ++cell)
    line.deviation[cell + window] = static_cast<std::int64_t>(cell < 0 ? at(cell) : at(cell) - line.offset - static_cast<Word>(cell) * line.slope);
  return line;
}

// Splits the deviations into signed bytes, the lowest first: 3 of them hold column 0, 1 holds column 1.
void fill_column(int column, const Line& line, LineCells& out) {
  const int limbs = column == 0 ? 3 : 1;
  const long window = LineCells::kWindow / 2;
  std::int64_t total = 0;
  for (long cell = -window; cell < window; ++cell) {
    std::int64_t rest = line.deviation[cell + window];
    const long entry = window - 1 - cell;
    out.deviation[column][entry] = static_cast<std::int32_t>(rest);
    total += rest < 0 ? -rest : rest;
    if (rest < -(1LL << 31) || rest >= 1LL << 31 || total >= 1LL << 31) reject_line(column, cell, "deviates too much from its line in all");
    for (int limb = 0; limb < limbs; ++limb) {
      const std::int64_t low = ((rest + 128) & 255) - 128;
      out.limbs[3 * column + limb][entry] = static_cast<std::int8_t>(low);
      rest = (rest - low) / 256;
    }
    if (rest != 0) reject_line(column, cell, column == 0 ? "deviates from its line by more than 24 bits" : "deviates from its line by more than 8 bits");
  }
  out.slope[column] = line.slope;
  out.offset[column] = line.offset;
}

}  // namespace

LineTable::LineTable(int m, const std::vector<Word>& column0, const std::vector<Word>& column1) : m_(m) {
  check_domain("a line table", m, column0.size());
  check_domain("a line table", m, column1.size());
  LineCells cells{};
  fill_column(0, find_line(0, m, column0), cells);
  fill_column(1, find_line(1, m, column1), cells);
  cells_ = to_memory("line table", reinterpret_cast<const std::uint8_t*>(&cells), sizeof(cells));
}

CellTable::CellTable(int m, const std::vector<std::int32_t>& cells) : m_(m) {
  check_domain("a cell table", m, cells.size());
  const std::size_t n = cells.size();
  std::vector<std::uint8_t> planes(2 * n);
  std::size_t first = n, last = 0;
  for (std::size_t entry = 0; entry < n; ++entry) {
    const std::size_t cell = (n - entry) % n;
    if (cells[cell] < 0 || cells[cell] >= 1 << 16)
      throw Error("a cell table holds " + std::to_string(cells[cell]) + " in cell " + std::to_string(cell) + "; cells must lie in [0, 65536)");
    planes[entry] = static_cast<std::uint8_t>(cells[cell] & 255);
    planes[n + entry] = static_cast<std::uint8_t>(cells[cell] >> 8);
    if (cells[cell] != 0) {
      first = first < entry ? first : entry;
      last = entry + 1;
    }
  }
  first_ = static_cast<std::uint32_t>(first / 64 * 64);
  last_ = static_cast<std::uint32_t>((last + 63) / 64 * 64);
  planes_ = to_memory("cell table", planes.data(), planes.size());
}

WindowTable::WindowTable(int first, const std::vector<std::int32_t>& column0, const std::vector<std::int32_t>& column1)
    : first_(first), count_(static_cast<int>(column0.size())) {
  if (column0.size() != column1.size() || column0.empty() || column0.size() > kMaxWindow)
    throw Error("a window table's columns have " + std::to_string(column0.size()) + " and " + std::to_string(column1.size()) +
                " cells; they must have the same number, 1 to " + std::to_string(kMaxWindow));
  std::vector<std::int32_t> cells(2 * LineCells::kWindow);
  for (int i = 0; i < count_; ++i)
    for (int column = 0; column < 2; ++column) {
      const std::int32_t cell = (column == 0 ? column0 : column1)[i];
      if (cell <= -(1 << 21) || cell >= 1 << 21)
        throw Error("a window table's column " + std::to_string(column) + " holds " + std::to_string(cell) + " in cell " + std::to_string(first + i) +
                    "; cells must stay below 2^21");
      cells[column * LineCells::kWindow + count_ - 1 - i] = cell;
    }
  cells_ = to_memory("window table", cells.data(), cells.size());
}

}  // namespace shardlm::crypto
