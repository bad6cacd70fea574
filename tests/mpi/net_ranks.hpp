// The fixture of the tests of messages: each test has a World of its own, so that messages of one that failed cannot
// reach the next one, and a rank that fails tells the others, so that none waits for it.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "shardlm/net/world.hpp"

class FourRanks : public testing::Test {
 protected:
  explicit FourRanks(double timeout = 20) : world(timeout) {}

  void TearDown() override {
    if (HasFailure()) {
      world.fail("a test failed here");
      return;
    }
    try {
      world.gather_all("");  // none leaves before all are through
    } catch (const std::exception& problem) {
      ADD_FAILURE() << problem.what();
    }
  }

  bool is(shardlm::net::Role role) const { return world.role() == role; }

  shardlm::net::World world;
};
