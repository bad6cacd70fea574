#include "dealing.hpp"

#include "answering.hpp"
#include "clock.hpp"
#include "recording.hpp"

namespace shardlm::protocol {

using net::Kind;
using net::Lane;
using net::Role;

Dealing::Dealing(net::World& world, std::size_t ahead)
    : world_(world),
      keys_{{crypto::random_key(), crypto::random_salt()}, {crypto::random_key(), {}}},
      request_{0,
               keys_[0].salt,
               0,
               crypto::Stream(keys_[0].key),
               crypto::Stream(keys_[1].key),
               mpc::DealSender(world, Role::server0, 0, ahead / 2, [this] { return client_wants(); }),
               mpc::DealSender(world, Role::server1, 0, ahead / 2, [this] { return client_wants(); })},
      dealer_(world, request_) {
  keys_[1].salt = keys_[0].salt;
  mpc::pair(request_.to0, request_.to1);
}

Dealing::~Dealing() {
  for (DealtKeys& keys : keys_) wipe(&keys.key, sizeof keys.key);
}

bool Dealing::client_wants() {
  if (rows_) rows_->answer_if_asked();
  return world_.waiting(Role::client, Lane::control);
}

bool Dealing::prepare(qwen::Decoder& decoder, std::size_t prompt, bool padded, std::size_t further) {
  const double start = now();
  try {
    for (; steps_ <= further; ++steps_) decoder.step(dealer_, steps_ == 0 ? prompt : 1, padded && steps_ == 0);
  } catch (const mpc::Stopped&) {
    return false;
  }
  busy_ = now() - start;
  return true;
}

// Each server gets its own key and the salt, and nobody but these two ever does.
void Dealing::send_keys(std::uint64_t request) {
  for (int server : {0, 1}) {
    world_.send_now(server == 0 ? Role::server0 : Role::server1, Lane::control, Kind::key, request, &keys_[server], sizeof keys_[server]);
    wipe(&keys_[server].key, sizeof keys_[server].key);
  }
}

// Unless the client stops it: then the answer ended earlier, and what is in flight is burned.
void Dealing::deal(qwen::Decoder& decoder, const Announcement& a) {
  const double start = now(), waited = request_.to0.waited() + request_.to1.waited();
  try {
    for (; steps_ <= a.decode; ++steps_) decoder.step(dealer_, steps_ == 0 ? a.prompt : 1, a.padded != 0 && steps_ == 0);
  } catch (const mpc::Stopped&) {
  }
  busy_ += now() - start - (request_.to0.waited() + request_.to1.waited() - waited);
}

void Dealing::await_stop(std::uint64_t request) {
  world_.idle_until_waiting(Role::client, Lane::control);
  const auto [kind, bytes] = world_.receive_any(Role::client, Lane::control, request);
  if (kind != Kind::stop) unexpected(kind);
}

void Dealing::answer(qwen::Decoder& decoder, const Announcement& a, const ServeOptions& options) {
  Report report;
  report.ready = steps_;
  send_keys(a.request);
  if (opens_rows(a, options)) rows_.emplace(world_, *options.key, a.request, rows_due(a));
  const Recording recording(options.recorder, dealer_, [this] { return dealer_.costs().dealt_bytes + 2 * dealer_.costs().key_bytes; });
  request_.to0.record(options.recorder);
  request_.to1.record(options.recorder);
  dealer_.announced(a.request);
  deal(decoder, a);
  report.steps = steps_;
  report.busy = busy_;
  report.costs = dealer_.costs();
  request_.to0.flush();
  request_.to1.flush();
  while (rows_ && !client_wants()) world_.idle();  // all is dealt; rows may still be asked for
  await_stop(a.request);
  if (rows_) report.rows = rows_->seconds();
  request_.to0.finish();
  request_.to1.finish();
  const Step steps{dealer_.outputs()};
  world_.send_now(Role::client, Lane::control, Kind::end, a.request, &steps, sizeof steps);
  dealer_.finish_output();
  report.peak_bytes = peak_memory();
  send_report(world_, a.request, report);
}

}  // namespace shardlm::protocol
