// Files as memory, and where they lie.
#include "../../src/io/mapping.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "../../src/io/file_system.hpp"
#include "io_files.hpp"

namespace shardlm::io {
namespace {

long minor_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// What a first look at each page costs: faults, each of which a kernel may take for 2 MiB. Sanitizers would look at pages of their own.
__attribute__((no_sanitize("address"))) long faults_of_reading(const Mapping& file) {
  const long before = minor_faults();
  unsigned sum = 0;
  for (std::size_t at = 0; at < file.size(); at += 4096) sum += static_cast<const volatile std::uint8_t*>(file.data())[at];
  return minor_faults() - before + (sum == 1);
}

TEST(Mapping, NoPageOfAResidentFileIsLateAnyMore) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "file", std::string(std::size_t{32} << 20, '\2'));
  const Mapping cold(folder / "file"), warm(folder / "file");
  warm.make_resident();
  EXPECT_LE(faults_of_reading(warm), 2);
  EXPECT_GT(faults_of_reading(cold), 8);
}

TEST(Mapping, AnEmptyFileIsResident) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "file", "");
  Mapping(folder / "file").make_resident();
}

TEST(FileSystem, ThoseOfANetworkAreKnown) {
  for (const std::uint64_t type : {0x6969ull, 0x517bull, 0xff534d42ull, 0xfe534d42ull, 0x0bd00bd0ull, 0x47504653ull, 0x19830326ull, 0x00c36400ull,
                                   0x5346414full, 0xfffffffffe534d42ull /* as a signed one of 32 bits becomes */})
    EXPECT_NE(network_file_system(type), nullptr) << std::hex << type;
  // ext4, XFS, tmpfs, Btrfs, overlay
  for (const std::uint64_t type : {0xef53ull, 0x58465342ull, 0x01021994ull, 0x9123683eull, 0x794c7630ull})
    EXPECT_EQ(network_file_system(type), nullptr) << std::hex << type;
}

TEST(FileSystem, ThatOfAFolderIsAskedFor) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(network_file_system(folder.path()), nullptr);
  EXPECT_EQ(network_file_system(folder / "none"), nullptr);
}

}  // namespace
}  // namespace shardlm::io
