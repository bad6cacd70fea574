// A report through configfs-tsm.
//
// The files of a report's folder answer as they are read and written: outblob makes the report, generation counts writes. Two of their
// habits matter. What is written to inblob is taken when the file is closed, and an error of that goes nowhere, so only generation says
// whether it was taken (fs/configfs/file.c). And TDX makes one quote at a time: whoever is interrupted while waiting for one leaves the
// next ones EBUSY until the host has answered (drivers/virt/coco/tdx-guest/tdx-guest.c).
#pragma once

#include <chrono>

#include "shardlm/attest/evidence.hpp"

namespace shardlm::attest {

// The file operations that this takes, so that a test can stand in for the kernel. Each returns 0 or an errno.
class ReportFiles {
 public:
  virtual ~ReportFiles() = default;
  virtual int make_folder(const std::string& path) = 0;
  virtual int remove_folder(const std::string& path) = 0;
  virtual int write(const std::string& path, const void* bytes, std::size_t n) = 0;  // all at once
  virtual int read(const std::string& path, std::size_t most, Bytes& content) = 0;   // to the end; EFBIG for more than `most` bytes
};

// configfs itself, or a folder like it.
class KernelFiles : public ReportFiles {
 public:
  int make_folder(const std::string& path) override;
  int remove_folder(const std::string& path) override;
  int write(const std::string& path, const void* bytes, std::size_t n) override;
  int read(const std::string& path, std::size_t most, Bytes& content) override;
};

struct TsmReport {
  std::string provider;
  Bytes report, auxiliary;
};

struct Patience {
  std::chrono::milliseconds total, pause{200};
};

// `reports`: the folder /sys/kernel/config/tsm/report. Leaves nothing in it. Throws Error with what failed, and what to do.
TsmReport take_report(ReportFiles& files, const std::string& reports, const ReportData& data, const Patience& patience);

}  // namespace shardlm::attest
