#include "chat_stats.hpp"

#include <cstdio>

#include "memory.hpp"

namespace shardlm::app {
namespace {

using net::Role;

mpc::Costs& operator+=(mpc::Costs& a, const mpc::Costs& b) {
  a.rounds += b.rounds;
  a.opened_bytes += b.opened_bytes;
  a.dealt_bytes += b.dealt_bytes;
  a.key_bytes += b.key_bytes;
  a.prg_blocks += b.prg_blocks;
  return a;
}

std::string row(const char* name, const std::string& last, const std::string& all, const std::string& remark = "") {
  char line[160];
  std::snprintf(line, sizeof line, "%-22s %14s %14s%s%s\n", name, last.c_str(), all.c_str(), remark.empty() ? "" : "   ", remark.c_str());
  return line;
}

std::string seconds(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string a_second(std::size_t n, double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", seconds > 0 ? double(n) / seconds : 0);
  return text;
}

}  // namespace

ChatStats::Turn& ChatStats::Turn::operator+=(const Turn& other) {
  turns += other.turns;
  prompt += other.prompt;
  tokens += other.tokens;
  steps += other.steps;
  prefill += other.prefill;
  decode += other.decode;
  costly = costly || other.costly;
  servers_agree = servers_agree && other.servers_agree;
  counted += other.counted;
  predicted += other.predicted;
  return *this;
}

void ChatStats::add(std::size_t past, std::size_t prompt, const Answer& answer, const std::optional<Reports>& reports) {
  Turn turn;
  turn.turns = 1;
  turn.past = past;
  turn.prompt = prompt;
  turn.tokens = answer.tokens;
  turn.steps = answer.steps;
  turn.prefill = answer.prefill;
  turn.decode = answer.decode;
  turn.costly = reports.has_value();
  if (reports) {
    turn.counted = (*reports)[int(Role::server1)].costs;
    turn.servers_agree = servers_agree(*reports);
  }
  turns_.push_back(turn);
}

std::string ChatStats::table(std::size_t capacity) {
  if (turns_.empty()) return "nothing was asked yet; there is room for " + std::to_string(capacity) + " tokens\n";
  Turn all;
  for (Turn& turn : turns_) {
    if (turn.costly && !turn.predicted_yet) turn.predicted = predicted(config_, protocol_, turn.prompt, turn.steps - 1, turn.past);
    turn.predicted_yet = true;
    all += turn;
  }
  const Turn& last = turns_.back();
  const auto count = [&](const char* name, std::size_t Turn::*what) {
    return row(name, std::to_string(last.*what), std::to_string(all.*what));
  };
  const auto cost = [&](const char* name, std::uint64_t mpc::Costs::*what, bool bytes) {
    const std::uint64_t a = last.counted.*what, b = all.counted.*what, want_a = last.predicted.*what, want_b = all.predicted.*what;
    const std::string size = bytes ? readable(a) + ", " + readable(b) + ", " : "";
    return row(
        name, std::to_string(a), std::to_string(b),
        size + (a == want_a && b == want_b ? "as predicted" : "predicted: " + std::to_string(want_a) + ", " + std::to_string(want_b)));
  };
  const std::size_t held = last.past + last.prompt + last.steps - 1;
  std::string text = row("", "last turn", "conversation");
  text += count("questions", &Turn::turns);
  text += count("tokens computed first", &Turn::prompt) + row("prefill, seconds", seconds(last.prefill), seconds(all.prefill));
  text += count("tokens of answers", &Turn::tokens) + row("decode, seconds", seconds(last.decode), seconds(all.decode));
  text += row("decoded a second", a_second(last.steps - 1, last.decode), a_second(all.steps - all.turns, all.decode));
  text += row("tokens kept", std::to_string(last.past), std::to_string(held), "of " + std::to_string(capacity));
  if (!all.costly) return text;
  text += cost("rounds", &mpc::Costs::rounds, false) + cost("opened bytes", &mpc::Costs::opened_bytes, true);
  text += cost("dealt bytes", &mpc::Costs::dealt_bytes, true) + cost("key bytes", &mpc::Costs::key_bytes, true);
  text += cost("ChaCha blocks", &mpc::Costs::prg_blocks, false);
  if (!all.servers_agree) text += "the two servers counted different costs\n";
  return text;
}

}  // namespace shardlm::app
