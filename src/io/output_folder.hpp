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
  // with some of these files and nothing else, or a link to one, which stays. what: "shares", in sentences.
  // Removes what earlier processes that were killed have left of the same folder: there may be a key in it.
  OutputFolder(const std::string& path, std::vector<std::string> names, FreeSpace free_space, std::string what, bool replaces = false);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  std::string file(const std::string& name) const { return hidden_ + "/" + name; }
  const FreeSpace& free_space() const { return free_space_; }
  void require_room(std::uint64_t bytes) const;  // Error unless the disk has so much
  // Gives it its name; what it replaces is there until that moment, and is gone after it. No signal but SIGKILL comes between.
  void publish();

  // Swaps two paths at once, as renameat2 does; returns whether it could. Tests put another in its place.
  static bool (*swap)(const char* one, const char* other);

 private:
  [[noreturn]] void fail(const std::string& why) const;
  void follow_links();
  void require_replaceable() const;
  void remove_leftovers() const;
  void replace();

  std::string path_, hidden_, what_;
  std::vector<std::string> names_;
  bool replaces_;
  FreeSpace free_space_;
};

}  // namespace shardlm::io
