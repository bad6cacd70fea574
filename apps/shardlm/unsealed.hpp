// Sealed files of a job, opened once a machine: ranks that share a machine and a file share the memory that it is decrypted into.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "choices.hpp"
#include "shardlm/io/sealed_file.hpp"
#include "shardlm/net/world.hpp"

namespace shardlm::app {

class Unsealed {
 public:
  // Collective. paths: this rank's files, as many on every rank, "" where it has none in that place. Throws Disagreement where one cannot be
  // opened, or where the protocol wants sealed files and one is not.
  Unsealed(net::World& world, const std::vector<std::string>& paths, const JobOptions& options);

  // Where to read a file: its own path where it is not sealed.
  std::string at(const std::string& path) const;

 private:
  std::map<std::string, std::string> clear_;
  std::vector<std::shared_ptr<io::SealedImage>> images_;  // that this rank made
};

}  // namespace shardlm::app
