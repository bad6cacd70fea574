// A folder of files that appears under its name when all of them are whole, or not at all.
#pragma once

#include <string>
#include <vector>

#include "output_file.hpp"

namespace shardlm::io {

class OutputFolder {
 public:
  // Makes a hidden folder beside `path`, for its owner alone, which the destructor removes with these files unless it was
  // published. Throws Error if that is impossible, or if there is something at `path`; where `replaces`, unless there is a folder
  // with just these files. what: "shares", in sentences.
  OutputFolder(const std::string& path, std::vector<std::string> names, FreeSpace free_space, std::string what, bool replaces = false);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  std::string file(const std::string& name) const { return hidden_ + "/" + name; }
  const FreeSpace& free_space() const { return free_space_; }
  void require_room(std::uint64_t bytes) const;  // Error unless the disk has so much
  // Gives it its name; what it replaces is there until that moment, and is gone after it.
  void publish();

 private:
  [[noreturn]] void fail(const std::string& why) const;
  void require_replaceable() const;
  void exchange();

  std::string path_, hidden_, what_;
  std::vector<std::string> names_;
  bool replaces_;
  FreeSpace free_space_;
};

}  // namespace shardlm::io
