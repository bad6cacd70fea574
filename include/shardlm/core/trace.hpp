// Where the time of a request goes: regions that nest, kept in memory by a recorder and shown to Kokkos Tools under the same names.
//
// A rank records its own regions, on its own clock; nothing is written while a request runs. An event holds times, sizes and public
// lengths: nothing of a prompt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace shardlm::trace {

enum class Region : std::uint16_t {
  request, step, layer, attention_norm, attention, mlp_norm, mlp, final_norm, head,  // what a model is made of
  linear, look_up, comparison, opening, dealer,                                       // what a server does in it; the last: waits for the dealer
  room,                                                                               // the dealer waits: the servers have not yet used what they were sent
  embedding, logits, sampling                                                         // what the client does
};
constexpr int kRegions = int(Region::sampling) + 1;

inline const char* name(Region region) {
  constexpr const char* kNames[kRegions] = {
      "request", "step",    "layer",      "attention norm", "attention",              "mlp norm",         "mlp",       "final norm", "head",
      "linear",  "look-up", "comparison", "opening",        "waiting for the dealer", "waiting for room", "embedding", "logits",     "sampling"};
  return kNames[int(region)];
}

struct Event {
  double start = 0, end = 0;  // seconds of this rank's clock, now()
  std::uint64_t bytes = 0;    // counted within it
  std::uint32_t rounds = 0;   // openings within it
  std::uint32_t run = 0;      // request, from 0; those that were skipped do not count
  std::uint32_t step = 0;     // 0 the prompt, n the n-th further token
  std::int16_t layer = -1;    // the innermost region `layer` around it
  Region region = Region::request;
  std::uint16_t depth = 0;  // how many regions are around it
  std::uint8_t unused[6] = {};  // events travel as they lie in memory: no byte of one may be what lay there before
};
static_assert(sizeof(Event) == 48);

constexpr std::size_t kMostEvents = std::size_t{1} << 23;  // of a rank

struct Counts {
  std::uint64_t bytes = 0, rounds = 0;
};

// Seconds of this host's monotonic clock.
double now();

// One thread at a time. Events lie in the order in which their regions ended.
class Recorder {
 public:
  // Of the first `skipped` requests nothing is kept; of the others at most `most` events (48 bytes each).
  explicit Recorder(std::size_t skipped = 0, std::size_t most = kMostEvents);

  // What has been counted so far, of which an event gets the difference; empty: nothing is. It must outlive its use: end it with {}.
  void count(std::function<Counts()> counts) { counts_ = std::move(counts); }

  void begin(Region region, int layer, double time);
  void end(double time);

  const std::vector<Event>& events() const { return events_; }
  std::uint64_t dropped() const { return dropped_; }  // for which there was no room

 private:
  struct Open {
    Event event;
    Counts before;
  };
  Counts counted() const { return counts_ ? counts_() : Counts(); }
  std::size_t skipped_, most_;
  std::size_t requests_ = 0;  // begun so far
  std::uint32_t steps_ = 0;   // begun in this request
  std::uint64_t dropped_ = 0;
  std::function<Counts()> counts_;
  std::vector<Open> open_;
  std::vector<Event> events_;
};

// A region, as long as it lives. recorder may be null: then only Kokkos Tools see it, where a tool is loaded. Where somebody looks, it waits at
// both ends for kernels that were started before.
class Scope {
 public:
  Scope(Recorder* recorder, Region region, int layer = -1);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Recorder* recorder_;
  bool shown_;
};

// Regions of a tool, without a recorder: for clocks that have their own times. Returns whether a tool sees it; then hide() must follow.
bool show(Region region);
void hide();

}  // namespace shardlm::trace
