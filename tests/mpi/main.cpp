// The main of every test that runs on four ranks. A failure on any rank fails the program on all of them. Only the client
// reports what passes; every rank reports its failures, under its own name.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "shardlm/net/run.hpp"

namespace {

using shardlm::net::Role;
using shardlm::net::World;

class Failures : public testing::EmptyTestEventListener {
 public:
  explicit Failures(Role role) : role_(role) {}
  // Remembered here: to ask Google Test while it reports would wait for its lock for ever.
  void OnTestStart(const testing::TestInfo& test) override { where_ = std::string(test.test_suite_name()) + "." + test.name(); }
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (!part.failed()) return;
    std::fprintf(stderr, "%s: %s\n%s:%d\n%s\n", name(role_), where_.c_str(), part.file_name() == nullptr ? "" : part.file_name(),
                 part.line_number(), part.message());
  }

 private:
  Role role_;
  std::string where_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return shardlm::net::run(argc, argv, [](World& world) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    if (world.role() != Role::client) {
      delete listeners.Release(listeners.default_result_printer());
      listeners.Append(new Failures(world.role()));
    }
    return RUN_ALL_TESTS();
  });
}
