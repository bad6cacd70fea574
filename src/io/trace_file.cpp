#include "shardlm/io/trace_file.hpp"

#include <algorithm>

#include "hdf5.hpp"
#include "output_file.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::io {
namespace {

using hdf5::Handle;

constexpr hsize_t kChunk = 1 << 16;

[[noreturn]] void fail() { throw Error("cannot write the trace: HDF5 refuses; the disk may be full"); }

void check(bool good) {
  if (!good) fail();
}

hid_t memory_type(double) { return H5T_NATIVE_DOUBLE; }
hid_t memory_type(std::uint64_t) { return H5T_NATIVE_UINT64; }
hid_t memory_type(std::uint32_t) { return H5T_NATIVE_UINT32; }
hid_t memory_type(std::uint16_t) { return H5T_NATIVE_UINT16; }
hid_t memory_type(std::int16_t) { return H5T_NATIVE_INT16; }

// A column of a table: compressed, and said what it is.
template <class T>
void write_column(hid_t group, const char* name, const char* unit, const char* description, const std::vector<T>& values) {
  const hsize_t n = values.size(), chunk = std::max<hsize_t>(1, std::min(n, kChunk));
  const Handle space(H5Screate_simple(1, &n, nullptr), H5Sclose), properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (n > 0) check(H5Pset_chunk(properties, 1, &chunk) >= 0 && H5Pset_shuffle(properties) >= 0 && H5Pset_deflate(properties, 4) >= 0);
  const Handle set(H5Dcreate2(group, name, memory_type(T()), space, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose);
  check(set.valid() && (n == 0 || H5Dwrite(set, memory_type(T()), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0));
  hdf5::write(set, "unit", std::string(unit));
  hdf5::write(set, "description", std::string(description));
}

template <class Row, class F>
auto column(const std::vector<Row>& rows, const F& of) {
  std::vector<decltype(of(rows[0]))> values(rows.size());
  std::transform(rows.begin(), rows.end(), values.begin(), of);
  return values;
}

Handle make_group(hid_t file, const std::string& name) {
  Handle group(H5Gcreate2(file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  check(group.valid());
  return group;
}

void write_number(hid_t object, const char* name, double value) { hdf5::write(object, name, nlohmann::json(value)); }

// Strings of fixed length, which every reader takes.
void write_regions(hid_t file) {
  std::size_t longest = 1;
  for (int i = 0; i < trace::kRegions; ++i) longest = std::max(longest, std::string(name(trace::Region(i))).size());
  std::string text;
  for (int i = 0; i < trace::kRegions; ++i) {
    std::string one = name(trace::Region(i));
    one.resize(longest, '\0');
    text += one;
  }
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  check(H5Tset_size(type, longest) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0);
  const hsize_t n = trace::kRegions;
  const Handle space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  const Handle set(H5Dcreate2(file, "regions", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  check(set.valid() && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()) >= 0);
  hdf5::write(set, "unit", std::string("none"));
  hdf5::write(set, "description", std::string("names of the regions that an event's `region` points to"));
}

void write_runs(hid_t file, const std::vector<TraceRun>& runs, double zero) {
  const Handle group = make_group(file, "runs");
  std::vector<std::uint32_t> number(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) number[i] = std::uint32_t(i);
  write_column(group, "run", "none", "number of the measured request", number);
  write_column(group, "start", "s", "its announcement, since the first one's", column(runs, [&](const TraceRun& r) { return r.start - zero; }));
  write_column(group, "end", "s", "its last token", column(runs, [&](const TraceRun& r) { return r.end - zero; }));
  write_column(group, "prompt_tokens", "tokens", "of its prompt", column(runs, [](const TraceRun& r) { return r.prompt_tokens; }));
  write_column(group, "new_tokens", "tokens", "that it answered with", column(runs, [](const TraceRun& r) { return r.new_tokens; }));
}

std::string group_name(std::string role) {
  std::replace(role.begin(), role.end(), ' ', '_');
  return role;
}

void write_rank(hid_t file, std::size_t rank, const RankTrace& r, double zero) {
  const Handle group = make_group(file, group_name(r.role));
  hdf5::write(group, "rank", std::int64_t(rank));
  hdf5::write(group, "role", r.role);
  hdf5::write(group, "host", r.host);
  write_number(group, "clock_offset", r.offset);
  write_number(group, "clock_uncertainty", r.uncertainty);
  hdf5::write(group, "dropped", std::int64_t(r.dropped));
  using trace::Event;
  const double shift = r.offset + zero;
  write_column(group, "start", "s", "begin, on the client's clock, since the first run's start", column(r.events, [&](const Event& e) { return e.start - shift; }));
  write_column(group, "end", "s", "end, on the same clock", column(r.events, [&](const Event& e) { return e.end - shift; }));
  write_column(group, "region", "none", "index into /regions", column(r.events, [](const Event& e) { return std::uint16_t(e.region); }));
  write_column(group, "layer", "none", "layer of the model, -1 outside of any", column(r.events, [](const Event& e) { return e.layer; }));
  write_column(group, "step", "none", "0: the prompt; n: the n-th further token", column(r.events, [](const Event& e) { return e.step; }));
  write_column(group, "run", "none", "index into /runs", column(r.events, [](const Event& e) { return e.run; }));
  write_column(group, "depth", "none", "how many regions were around it", column(r.events, [](const Event& e) { return e.depth; }));
  write_column(group, "bytes", "bytes", "servers: sent to the other server and received from the dealer; others: sent", column(r.events, [](const Event& e) { return e.bytes; }));
  write_column(group, "rounds", "none", "openings between the servers", column(r.events, [](const Event& e) { return e.rounds; }));
}

void write_all(const std::string& hidden, const Trace& t) {
  const hdf5::Session session;
  Handle file(H5Fcreate(hidden.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  check(file.valid());
  hdf5::write(file, "format", std::string("shardlm trace"));
  hdf5::write(file, "format_version", std::int64_t(1));
  const std::pair<const char*, const std::string*> texts[] = {{"version", &t.version}, {"protocol", &t.protocol}, {"model", &t.model},
                                                              {"commit", &t.commit},   {"created", &t.created},   {"attestation", &t.attestation}};
  for (const auto& [name, text] : texts) hdf5::write(file, name, *text);
  const double zero = t.runs.empty() ? 0 : t.runs[0].start;
  write_regions(file);
  write_runs(file, t.runs, zero);
  for (std::size_t rank = 0; rank < t.ranks.size(); ++rank) write_rank(file, rank, t.ranks[rank], zero);
  check(file.reset());
}

}  // namespace

void write_trace(const std::string& path, const Trace& trace) {
  OutputFile file(path);
  write_all(file.hidden_path(), trace);
  file.publish();
}

}  // namespace shardlm::io
