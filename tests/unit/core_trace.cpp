// A recorder's events: how they nest, what they count, and to which run, step and layer they belong.
#include "shardlm/core/trace.hpp"

#include <gtest/gtest.h>

namespace shardlm::trace {
namespace {

// A region that begins and ends at these times, with others in it.
void region(Recorder& recorder, Region what, double from, double to, int layer = -1, const std::function<void()>& within = [] {}) {
  recorder.begin(what, layer, from);
  within();
  recorder.end(to);
}

TEST(Trace, InnerRegionsEndFirstAndAreDeeper) {
  Recorder recorder;
  region(recorder, Region::request, 1, 9, -1, [&] { region(recorder, Region::step, 2, 8, -1, [&] { region(recorder, Region::linear, 3, 4); }); });
  const auto& events = recorder.events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].region, Region::linear);
  EXPECT_EQ(events[0].depth, 2);
  EXPECT_EQ(events[0].start, 3);
  EXPECT_EQ(events[0].end, 4);
  EXPECT_EQ(events[1].region, Region::step);
  EXPECT_EQ(events[1].depth, 1);
  EXPECT_EQ(events[2].region, Region::request);
  EXPECT_EQ(events[2].depth, 0);
}

TEST(Trace, WhatLiesInALayerBelongsToIt) {
  Recorder recorder;
  region(recorder, Region::step, 0, 9, -1, [&] {
    region(recorder, Region::layer, 1, 2, 7, [&] { region(recorder, Region::attention, 1, 2, -1, [&] { region(recorder, Region::opening, 1, 2); }); });
    region(recorder, Region::head, 3, 4);
  });
  const auto& events = recorder.events();
  ASSERT_EQ(events.size(), 5u);
  for (int i : {0, 1, 2}) EXPECT_EQ(events[std::size_t(i)].layer, 7) << i;
  EXPECT_EQ(events[3].layer, -1);
  EXPECT_EQ(events[4].layer, -1);
}

TEST(Trace, RunsAndStepsAreNumberedAndWarmUpIsNotKept) {
  Recorder recorder(2);
  for (int request = 0; request < 4; ++request)
    region(recorder, Region::request, 0, 1, -1, [&] {
      for (int step = 0; step < 3; ++step) region(recorder, Region::step, 0, 1);
    });
  const auto& events = recorder.events();
  ASSERT_EQ(events.size(), 8u);
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].run, i / 4) << i;
    if (i % 4 < 3) EXPECT_EQ(events[i].step, i % 4) << i;
  }
}

TEST(Trace, AnEventGetsWhatWasCountedWithinIt) {
  Recorder recorder;
  Counts so_far{100, 10};
  recorder.count([&so_far] { return so_far; });
  region(recorder, Region::step, 0, 1, -1, [&] {
    so_far.bytes += 5;
    region(recorder, Region::opening, 0, 1, -1, [&] { so_far = {so_far.bytes + 64, so_far.rounds + 1}; });
  });
  const auto& events = recorder.events();
  EXPECT_EQ(events[0].bytes, 64u);
  EXPECT_EQ(events[0].rounds, 1u);
  EXPECT_EQ(events[1].bytes, 69u);
  EXPECT_EQ(events[1].rounds, 1u);
}

TEST(Trace, WhatHasNoRoomIsCounted) {
  Recorder recorder(0, 2);
  region(recorder, Region::request, 0, 1);
  region(recorder, Region::request, 0, 1);
  region(recorder, Region::request, 0, 1);
  EXPECT_EQ(recorder.events().size(), 2u);
  EXPECT_EQ(recorder.dropped(), 1u);
}

TEST(Trace, ScopesTakeTheirTimesFromTheClock) {
  Recorder recorder;
  const double before = now();
  { const Scope scope(&recorder, Region::request); }
  const double after = now();
  ASSERT_EQ(recorder.events().size(), 1u);
  EXPECT_LE(before, recorder.events()[0].start);
  EXPECT_LE(recorder.events()[0].start, recorder.events()[0].end);
  EXPECT_LE(recorder.events()[0].end, after);
  { const Scope nobody(nullptr, Region::request); }
}

TEST(Trace, EveryRegionHasANameOfItsOwn) {
  for (int a = 0; a < kRegions; ++a)
    for (int b = 0; b < a; ++b) EXPECT_STRNE(name(Region(a)), name(Region(b)));
}

}  // namespace
}  // namespace shardlm::trace
