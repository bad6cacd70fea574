// shardlm client chat: the conversation is kept here, and goes whole to the gateway with each question.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "answering.hpp"
#include "gateway_client/client.hpp"
#include "gateway_client/completion.hpp"
#include "interrupt.hpp"
#include "line_reader.hpp"

namespace shardlm::app {

using namespace remote;

namespace {

constexpr const char* kHint = "/exit or Ctrl-D ends the conversation\n";
constexpr const char* kHelp =
    "/reset  forgets the conversation\n/stats  what the last answer and the conversation took and cost\n/exit   ends (so does Ctrl-D)\n"
    "Ctrl-C  stops an answer\n";

// One word that begins with a slash is meant as a command; "/usr/bin, what is it?" is a question.
bool looks_like_command(const std::string& line) { return line[0] == '/' && line.find_first_of(" \t/", 1) == std::string::npos; }

std::string sentence(const char* of, const Taken& t) {
  char text[200];
  std::snprintf(text, sizeof text, "%-18s %.0f tokens in %.2f s (%.1f a second), %.0f rounds, %.1f MiB from server to server\n", of, t.tokens, t.seconds,
                t.seconds > 0 ? t.tokens / t.seconds : 0.0, t.rounds, t.opened_bytes / (1 << 20));
  return text;
}

class Talk {
 public:
  Talk(const HttpClientOptions& o, const Connection& connection)
      : options_(o), connection_(connection), info_(ask_for_info(connection)), interactive_(isatty(STDIN_FILENO)) {
    reset();
    completion_request(options_, info_, connection_.address(), messages_, true);  // a protocol that is not there is told of before anyone asks
  }

  // Until /exit or the end of standard input. Were all questions answered?
  bool run() {
    if (interactive_) show("Ask a line at a time. /help lists what else there is.\n");
    std::string line;
    while (true) {
      if (interactive_) show("> ");
      const LineReader::Came came = input_.next(line, [] {});
      if (came == LineReader::Came::end || (came == LineReader::Came::line && line == "/exit")) break;
      if (came == LineReader::Came::interrupt)
        note(interactive_ ? std::string("\n") + kHint : kHint);
      else if (came == LineReader::Came::too_long)
        refused("the line is longer than " + std::to_string(LineReader::kMost >> 20) + " MiB: ask something shorter");
      else if (line.find_first_not_of(" \t") != std::string::npos && !command(line))
        ask(line);
    }
    if (interactive_) show("\n");
    return all_answered_;
  }

 private:
  // Was it one, and is done?
  bool command(const std::string& line) {
    if (!looks_like_command(line)) return false;
    if (line == "/reset")
      reset();
    else if (line == "/stats")
      note(sentence("the last answer", last_) + sentence("the conversation", all_));
    else
      note(line == "/help" ? kHelp : "there is no command " + line + "; there are\n" + kHelp);
    return true;
  }

  void reset() {
    messages_.clear();
    if (options_.system) messages_.push_back({"system", *options_.system});
    last_ = all_ = Taken();
  }

  void ask(const std::string& question) {
    messages_.push_back({"user", question});
    bool begun = false;
    const auto say = [&begun](const std::string& text) {
      show(text);
      begun = true;
    };
    Completion answer;
    try {
      answer = complete(connection_, completion_request(options_, info_, connection_.address(), messages_, true), say, take_interrupt);
    } catch (const Refused& trouble) {
      if (begun) show("\n");
      messages_.pop_back();  // as if it had not been asked
      if (trouble.status == 401) throw;
      return refused(trouble.what());
    } catch (const Error&) {
      if (begun) show("\n");  // the sentence stands on a line of its own
      throw;
    }
    show("\n");
    count(answer.taken);
    if (answer.text.empty() && answer.finish.empty())
      messages_.pop_back();
    else
      messages_.push_back({"assistant", answer.text});
    if (answer.finish.empty()) note("(stopped)\n");
    if (answer.finish == "length") note("(cut at --max-tokens, or at the gateway's --context)\n");
  }

  void count(const Taken& taken) {
    last_ = taken;
    all_.tokens += taken.tokens;
    all_.seconds += taken.seconds;
    all_.rounds += taken.rounds;
    all_.opened_bytes += taken.opened_bytes;
  }

  // Another question may be answered; whoever gave this one from a file learns of it by the exit code.
  void refused(const std::string& why) {
    note("shardlm: " + why + "\n");
    all_answered_ = all_answered_ && interactive_;
  }

  // Between answers, so that both keep their order where both are on one terminal.
  void note(const std::string& text) const {
    if (interactive_)
      show(text);
    else
      std::fputs(text.c_str(), stderr);
  }

  const HttpClientOptions& options_;
  const Connection& connection_;
  const GatewayInfo info_;
  const bool interactive_;
  LineReader input_;
  std::vector<Message> messages_;
  Taken last_, all_;
  bool all_answered_ = true;
};

}  // namespace

int client_chat(const HttpClientOptions& o) {
  const Connection connection(o);
  connection.warn_of_strangers();
  Talk talk(o, connection);
  interrupt_on(SIGINT);  // from here on it stops an answer, and not the program
  interrupts_are_awaited();
  return talk.run() ? 0 : 1;
}

}  // namespace shardlm::app
