#include "expression.hpp"

#include <cstring>
#include <string_view>

#include "shardlm/core/error.hpp"
#include "utf8.hpp"

namespace shardlm::text {
namespace {

constexpr std::size_t kLongest = 4096;

bool is_one_of(char c, const char* set) { return c != '\0' && std::strchr(set, c) != nullptr; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_punctuation(char c) { return c > ' ' && c < 0x7F && !is_digit(c) && !((c | 32) >= 'a' && (c | 32) <= 'z'); }

// L, Lu, ..., the general categories of Unicode, whose names mean the same everywhere.
bool is_category(std::string_view name) {
  constexpr std::string_view known =
      " L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cn Co Cs ";
  return !name.empty() && name.find(' ') == std::string_view::npos && known.find(" " + std::string(name) + " ") != std::string_view::npos;
}

class Translator {
 public:
  explicit Translator(std::string_view source) : rest_(source) {}

  std::string run() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '\\') {
        escape();
      } else if (c == '[') {
        character_class();
      } else if (c == '(') {
        group();
      } else if (is_one_of(c, "?*+{")) {
        quantifier();
      } else if (is_one_of(c, ".^$")) {
        refuse(1);
      } else {
        take(1);
      }
    }
    return out_;
  }

 private:
  std::string_view rest_;
  std::string out_;

  void take(std::size_t n) {
    out_ += rest_.substr(0, n);
    rest_.remove_prefix(n);
  }
  bool starts(std::string_view with) const { return rest_.substr(0, with.size()) == with; }
  [[noreturn]] void refuse(std::size_t n) const {
    const std::string_view construct = rest_.substr(0, n);
    throw Error("tokenizer.json: the split expression uses \"" + std::string(construct.substr(0, utf8_valid_prefix(construct))) +
                "\", which is not read here.");
  }

  void escape() {
    const char c = rest_.size() > 1 ? rest_[1] : '\0';
    if (c == 's' || c == 'S') {
      out_ += c == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
      rest_.remove_prefix(2);
    } else if (c == 'p' || c == 'P') {
      const std::size_t close = rest_.find('}');
      if (rest_.size() < 3 || rest_[2] != '{' || close == std::string_view::npos || !is_category(rest_.substr(3, close - 3))) refuse(2);
      take(close + 1);
    } else if (is_one_of(c, "rnt") || is_punctuation(c)) {
      take(2);
    } else {
      refuse(2);
    }
  }

  void character_class() {
    take(1);
    if (starts("^")) take(1);
    if (starts("]")) refuse(1);
    while (!rest_.empty() && rest_.front() != ']') {
      if (rest_.front() == '\\') {
        escape();
      } else if (rest_.front() == '[' || starts("&&")) {
        refuse(rest_.front() == '[' ? 1 : 2);
      } else {
        take(1);
      }
    }
    if (rest_.empty()) throw Error("tokenizer.json: the split expression has a class without \"]\".");
    take(1);
  }

  void group() {
    for (const char* opening : {"(?:", "(?i:", "(?=", "(?!"})
      if (starts(opening)) return take(std::strlen(opening));
    if (starts("(?") || starts("(*")) refuse(3);
    out_ += "(?:";  // nothing refers back to a group
    rest_.remove_prefix(1);
  }

  void quantifier() {
    if (rest_.front() == '{') {
      const std::size_t close = rest_.find('}');
      if (close == std::string_view::npos || !is_count(rest_.substr(1, close - 1))) refuse(close == std::string_view::npos ? 1 : close + 1);
      take(close + 1);
    } else {
      take(1);
      if (starts("?") || starts("+")) take(1);  // lazy, possessive
    }
    if (!rest_.empty() && is_one_of(rest_.front(), "?*+{")) refuse(1);
  }

  // n or n, or n,m of at most three digits each
  static bool is_count(std::string_view text) {
    const std::size_t comma = text.find(',');
    const auto is_number = [](std::string_view t) {
      return !t.empty() && t.size() <= 3 && t.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (comma == std::string_view::npos) return is_number(text);
    return is_number(text.substr(0, comma)) && (comma + 1 == text.size() || is_number(text.substr(comma + 1)));
  }
};

}  // namespace

std::string pcre2_expression(const std::string& expression) {
  if (expression.empty() || expression.size() > kLongest)
    throw Error("tokenizer.json: the split expression must have between 1 and 4096 bytes.");
  return Translator(expression).run();
}

}  // namespace shardlm::text
