// Tests that convert checkpoints into a folder of their own.
#pragma once

#include "io_files.hpp"
#include "shardlm/io/model_file.hpp"

namespace shardlm::test {

class Converting : public testing::Test {
 protected:
  io::ModelFile converted(const std::string& folder) {
    io::convert(folder, out_, {});
    return io::ModelFile(out_);
  }
  std::string refused(const std::string& folder) {
    const std::string sentence = refusal([&] { io::convert(folder, out_, {}); });
    EXPECT_FALSE(std::filesystem::exists(out_));
    return sentence;
  }
  CacheFolder no_cache_;
  TemporaryFolder folder_;
  std::string out_ = folder_ / "model.h5";
};

}  // namespace shardlm::test
