// A trace as HDF5 programs see it.
#include "shardlm/io/trace_file.hpp"

#include <hdf5.h>

#include "io_files.hpp"

namespace shardlm::io {
namespace {

using trace::Region;

class TraceFile : public testing::Test {
 protected:
  TraceFile() {
    trace_ = {"1.2", "v3", "demo", "abc", "2026-11-29T00:00:00Z", "none", {}, {}};
    for (const char* role : {"client", "server 0", "server 1", "dealer"}) trace_.ranks.push_back({role, std::string("host of ") + role, 0, 0, 0, {}});
    trace_.ranks[1].offset = 1000;  // its clock is ahead by that
    trace_.ranks[1].uncertainty = 0.25;
    trace_.ranks[1].dropped = 3;
    trace_.ranks[1].events = {{1051, 1052, 64, 1, 0, 2, 5, Region::opening, 4}, {1050, 1060, 99, 2, 1, 0, -1, Region::request, 0}};
    trace_.runs = {{50, 60, 19, 8}, {61, 70, 19, 8}};
    write_trace(folder_ / "t.h5", trace_);
    file_ = H5Fopen((folder_ / "t.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  }
  ~TraceFile() override { H5Fclose(file_); }

  std::vector<double> column(const std::string& path) const {
    const hid_t set = H5Dopen2(file_, path.c_str(), H5P_DEFAULT), space = H5Dget_space(set);
    std::vector<double> values(std::size_t(H5Sget_simple_extent_npoints(space)));
    H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Sclose(space);
    H5Dclose(set);
    return values;
  }
  std::string text(const std::string& object, const char* name) const {
    const hid_t attribute = H5Aopen_by_name(file_, object.c_str(), name, H5P_DEFAULT, H5P_DEFAULT), type = H5Aget_type(attribute);
    std::string value(H5Tget_size(type), '\0');
    H5Aread(attribute, type, &value[0]);
    H5Tclose(type);
    H5Aclose(attribute);
    return value;
  }
  double number(const std::string& object, const char* name) const {
    const hid_t attribute = H5Aopen_by_name(file_, object.c_str(), name, H5P_DEFAULT, H5P_DEFAULT);
    double value = 0;
    H5Aread(attribute, H5T_NATIVE_DOUBLE, &value);
    H5Aclose(attribute);
    return value;
  }

  const test::TemporaryFolder folder_;
  Trace trace_;
  hid_t file_ = -1;
};

using Numbers = std::vector<double>;

TEST_F(TraceFile, TimesAreTheClientsSinceTheFirstRun) {
  EXPECT_EQ(column("/server_0/start"), (Numbers{1, 0}));
  EXPECT_EQ(column("/server_0/end"), (Numbers{2, 10}));
  EXPECT_EQ(column("/runs/start"), (Numbers{0, 11}));
  EXPECT_EQ(column("/runs/end"), (Numbers{10, 20}));
}

TEST_F(TraceFile, HasAColumnForAllOfAnEvent) {
  EXPECT_EQ(column("/server_0/bytes"), (Numbers{64, 99}));
  EXPECT_EQ(column("/server_0/rounds"), (Numbers{1, 2}));
  EXPECT_EQ(column("/server_0/run"), (Numbers{0, 1}));
  EXPECT_EQ(column("/server_0/step"), (Numbers{2, 0}));
  EXPECT_EQ(column("/server_0/layer"), (Numbers{5, -1}));
  EXPECT_EQ(column("/server_0/region"), (Numbers{double(Region::opening), double(Region::request)}));
  EXPECT_EQ(column("/server_0/depth"), (Numbers{4, 0}));
  EXPECT_EQ(column("/runs/prompt_tokens"), (Numbers{19, 19}));
  EXPECT_EQ(column("/runs/new_tokens"), (Numbers{8, 8}));
}

TEST_F(TraceFile, ARankWithoutEventsHasEmptyColumns) { EXPECT_EQ(column("/dealer/start"), Numbers()); }

TEST_F(TraceFile, SaysWhatItIsAndFromWhom) {
  EXPECT_EQ(text("/", "format"), "shardlm trace");
  EXPECT_EQ(text("/", "protocol"), "v3");
  EXPECT_EQ(text("/", "attestation"), "none");
  EXPECT_EQ(text("/server_0", "role"), "server 0");
  EXPECT_EQ(text("/server_0", "host"), "host of server 0");
  EXPECT_EQ(number("/server_0", "rank"), 1);
  EXPECT_EQ(number("/server_0", "clock_offset"), 1000);
  EXPECT_EQ(number("/server_0", "clock_uncertainty"), 0.25);
  EXPECT_EQ(number("/server_0", "dropped"), 3);
}

TEST_F(TraceFile, EveryColumnSaysItsUnit) {
  EXPECT_EQ(text("/server_1/start", "unit"), "s");
  EXPECT_EQ(text("/dealer/bytes", "unit"), "bytes");
  EXPECT_EQ(text("/client/region", "description"), "index into /regions");
}

TEST_F(TraceFile, RegionsAreNamed) {
  const hid_t set = H5Dopen2(file_, "/regions", H5P_DEFAULT), type = H5Dget_type(set);
  std::string all(H5Tget_size(type) * trace::kRegions, '\0');
  H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &all[0]);
  const std::size_t each = H5Tget_size(type);
  for (int i = 0; i < trace::kRegions; ++i) EXPECT_STREQ(all.substr(std::size_t(i) * each, each).c_str(), name(Region(i)));
  H5Tclose(type);
  H5Dclose(set);
}

TEST(TraceFileRefused, WhereItCannotBeWritten) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(write_trace(folder / "none/t.h5", {}), Error);
  EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace shardlm::io
