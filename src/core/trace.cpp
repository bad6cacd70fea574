#include "shardlm/core/trace.hpp"

#include <Kokkos_Core.hpp>

#include <chrono>
#include <new>

#include "shardlm/core/types.hpp"

namespace shardlm::trace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Recorder::Recorder(std::size_t skipped, std::size_t most) : skipped_(skipped), most_(most) {}

void Recorder::begin(Region region, int layer, double time) {
  if (region == Region::request) {
    ++requests_;
    steps_ = 0;
  }
  if (region == Region::step) ++steps_;
  Open open;
  Event& event = open.event;
  event.start = time;
  event.run = requests_ > skipped_ ? std::uint32_t(requests_ - skipped_ - 1) : 0;
  event.step = steps_ > 0 ? steps_ - 1 : 0;
  event.layer = std::int16_t(layer >= 0 || open_.empty() ? layer : open_.back().event.layer);
  event.region = region;
  event.depth = std::uint16_t(open_.size());
  open.before = counted();
  open_.push_back(open);
}

void Recorder::end(double time) {
  const Open open = open_.back();
  open_.pop_back();
  if (skipped_ > 0 && requests_ <= skipped_) return;
  if (events_.size() >= most_) {
    ++dropped_;
    return;
  }
  const Counts after = counted();
  Event event = open.event;
  event.end = time;
  event.bytes = after.bytes - open.before.bytes;
  event.rounds = std::uint32_t(after.rounds - open.before.rounds);
  try {
    events_.push_back(event);
  } catch (const std::bad_alloc&) {
    ++dropped_;
  }
}

bool show(Region region) {
  if (!Kokkos::Tools::profileLibraryLoaded()) return false;
  Kokkos::Tools::pushRegion(name(region));
  return true;
}

void hide() { Kokkos::Tools::popRegion(); }

namespace {

double fenced() {
  Exec().fence();
  return now();
}

}  // namespace

Scope::Scope(Recorder* recorder, Region region, int layer) : recorder_(recorder), shown_(Kokkos::Tools::profileLibraryLoaded()) {
  if (!recorder_ && !shown_) return;
  const double start = fenced();
  if (recorder_) recorder_->begin(region, layer, start);
  if (shown_) show(region);
}

Scope::~Scope() {
  if (!recorder_ && !shown_) return;
  const double end = fenced();
  if (shown_) hide();
  if (recorder_) recorder_->end(end);
}

}  // namespace shardlm::trace
