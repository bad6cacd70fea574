#include "command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "hex.hpp"
#include "printable.hpp"
#include "process.hpp"

extern char** environ;

namespace shardlm::attest {
namespace {

// What may stand in a command for itself. Everything else is left to scripts: no reader of a deck need ask what a $ or a quote would do.
bool plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c != 0 && std::strchr("/._-+=,:@%", c));
}

const char* const kPlaceholders[] = {"report", "auxiliary", "report_data", "report_data_hex", "provider"};

// The placeholder that starts at word[at], without its braces.
std::string placeholder(const std::string& word, std::size_t at) {
  const std::string name = word.substr(at + 1, word.find('}', at) - at - 1);
  for (const char* known : kPlaceholders)
    if (name == known && word[at + 1 + name.size()] == '}') return name;
  throw Error("the attestation's verifier has \"" + printable(word.substr(at)) +
              "\"; the placeholders are {report}, {auxiliary}, {report_data}, {report_data_hex} and {provider}");
}

void check_word(const std::string& word) {
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '{') {
      i += placeholder(word, i).size() + 1;
    } else if (!plain(word[i])) {
      throw Error("the attestation's verifier has a character that only a shell or nobody would understand in \"" + printable(word) +
                  "\"; it is run without a shell, so put such things into a script and name that");
    }
  }
}

// The files of one verification, in a folder that only this user can enter. Removed with everything that the verifier leaves there.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::error_code none;
    const std::filesystem::path where = std::filesystem::temp_directory_path(none);
    path_ = ((none ? std::filesystem::path("/tmp") : where) / "shardlm-attest-XXXXXX").string();
    if (!mkdtemp(&path_[0]))
      throw Error("cannot make the folder " + path_ + " for the attestation's verifier: " + std::strerror(errno) +
                  "; set TMPDIR to a folder where this rank may");
  }
  ~PrivateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  template <class Content>
  std::string write(const char* name, const Content& content) const {
    const std::string path = path_ + "/" + name;
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) throw cannot(path);
    std::size_t done = 0;
    while (done < content.size()) {
      const ssize_t n = ::write(fd, content.data() + done, content.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    if (close(fd) != 0 || done < content.size()) throw cannot(path);
    return path;
  }

 private:
  static Error cannot(const std::string& path) {
    return Error("cannot write " + path + " for the attestation's verifier: " + std::strerror(errno));
  }
  std::string path_;
};

using Values = std::vector<std::pair<std::string, std::string>>;  // of the placeholders, in their order

std::string filled(const std::string& word, const Values& values) {
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '{') {
      text += word[i];
      continue;
    }
    const std::string name = placeholder(word, i);
    for (const auto& [known, value] : values)
      if (known == name) text += value;
    i += name.size() + 1;
  }
  return text;
}

std::string variable(const std::string& name) {
  std::string text = "SHARDLM_";
  for (const char c : name) text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::vector<std::string> environment(const Values& values) {
  std::vector<std::string> list;
  for (const auto& [name, value] : values) list.push_back(variable(name) + "=" + value);
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    bool ours = false;
    for (const auto& value : values) ours = ours || text.rfind(variable(value.first) + "=", 0) == 0;
    if (!ours) list.push_back(text);
  }
  return list;
}

std::string seconds(std::chrono::milliseconds limit) {
  const auto count = limit.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " seconds" : std::to_string(count) + " milliseconds";
}

}  // namespace

std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  for (std::size_t from = 0; (from = command.find_first_not_of(' ', from)) != std::string::npos;) {
    const std::size_t end = std::min(command.find(' ', from), command.size());
    words.push_back(command.substr(from, end - from));
    check_word(words.back());
    from = end;
  }
  if (words.empty()) throw Error("the attestation's verifier is blank; name a program, or leave it out");
  if (words[0].find('{') != std::string::npos)
    throw Error("the attestation's verifier starts with " + words[0] + "; it must start with the name of a program");
  return words;
}

std::string name_of(const std::string& command) {
  const std::string program = words_of(command)[0];
  return program.substr(program.rfind('/') + 1);
}

void run_verifier(const std::string& command, const Evidence& evidence, const ReportData& data, std::chrono::milliseconds limit) {
  std::vector<std::string> words = words_of(command);
  const PrivateFolder folder;
  const Values values = {{"report", folder.write("report", evidence.report)},
                         {"auxiliary", folder.write("auxiliary", evidence.auxiliary)},
                         {"report_data", folder.write("report_data", data)},
                         {"report_data_hex", to_hex(data)},
                         {"provider", evidence.provider}};
  for (std::string& word : words) word = filled(word, values);
  const Ended ended = run_process(words, environment(values), limit);
  const std::string name = "the attestation's verifier " + name_of(command), said = ended.line.empty() ? "" : ": " + ended.line;
  switch (ended.how) {
    case Ended::exited:
      if (ended.number == 0) return;
      throw Error(name + " refuses the peer's report (exit status " + std::to_string(ended.number) + ")" + said);
    case Ended::killed:
      throw Error(name + " was ended by signal " + std::to_string(ended.number) + ", which counts as a refusal of the peer's report" +
                  said);
    case Ended::too_late:
      throw Error(name + " has said nothing about the peer's report within " + seconds(limit) +
                  ", which counts as a refusal; look at what it waits for, such as a network" + said);
    default:
      throw Error("cannot run the attestation's verifier \"" + words[0] + "\": " + std::strerror(ended.number) +
                  "; name a program that is on this rank's machine");
  }
}

}  // namespace shardlm::attest
