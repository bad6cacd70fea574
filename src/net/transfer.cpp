#include "transfer.hpp"

#include <algorithm>

#include "pause.hpp"
#include "pool.hpp"

namespace shardlm::net {

Transfer::Transfer() = default;
Transfer::~Transfer() = default;
Transfer::Transfer(Transfer&&) noexcept = default;
Transfer& Transfer::operator=(Transfer&&) noexcept = default;
Transfer::operator bool() const { return state_ != nullptr; }

Transfer::State::~State() {
  for (const auto& line : {expected, sealed})
    if (line) line->erase(std::remove(line->begin(), line->end(), this), line->end());
  const bool under_way = std::any_of(parts.begin(), parts.end(), [](MPI_Request r) { return r != MPI_REQUEST_NULL; });
  const std::size_t used = kPayloadAt + wire(sending || under_way ? header.size : came);
  if (under_way) {
    graveyard->bury(std::move(parts), std::move(bytes), used);
  } else {
    recycle_buffer(std::move(bytes), used);
  }
}

std::string Transfer::State::named() const {
  return std::string(any_kind ? "message" : name(static_cast<Kind>(header.kind))) + " " + std::to_string(header.sequence) + " of request " +
         std::to_string(header.request);
}

// Continuations have tags of their own, by sequence number, because receives posted ahead would take them for their messages.
int Transfer::State::tag(std::size_t part) const {
  constexpr int kFirst = 1000, kDistinct = 2048;
  const int lane_tag = static_cast<int>(lane);
  return part == 0 ? lane_tag : kFirst + static_cast<int>(header.sequence % kDistinct) * (kLanes + 1) + lane_tag;
}

std::uint8_t* Transfer::State::part(std::size_t index) const {
  return bytes.data() + (index == 0 ? kHeaderAt : kPayloadAt + index * largest_part);
}

int Transfer::State::part_bytes(std::size_t index, std::size_t total) const {
  const std::size_t payload = std::min(largest_part, total - index * largest_part);
  return static_cast<int>(payload + (index == 0 ? sizeof(Header) : 0));
}

void Graveyard::bury(std::vector<MPI_Request> parts, MessageBuffer bytes, std::size_t used) {
  if (closed_) {
    new MessageBuffer(std::move(bytes));  // MPI may be gone: nobody can say when the memory is free
    return;
  }
  graves_.push_back({std::move(parts), std::move(bytes), used});
}

void Graveyard::reap() {
  for (std::size_t i = 0; i < graves_.size();) {
    Grave& grave = graves_[i];
    int done = 0;
    MPI_Testall(static_cast<int>(grave.parts.size()), grave.parts.data(), &done, MPI_STATUSES_IGNORE);
    if (!done) {
      ++i;
      continue;
    }
    recycle_buffer(std::move(grave.bytes), grave.used);
    std::swap(grave, graves_.back());
    graves_.pop_back();
  }
}

void Graveyard::close() {
  const double start = now();
  for (reap(); !graves_.empty() && now() - start < 0.2; reap()) Pause().step(now() - start);
  closed_ = true;
  if (!graves_.empty()) new std::vector<Grave>(std::move(graves_));
  graves_.clear();
}

}  // namespace shardlm::net
