#include "splitter.hpp"

#include "expression.hpp"
#include "shardlm/core/error.hpp"
#include "utf8.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace shardlm::text {
namespace {

// What matching may cost, in PCRE2's steps, so that an expression made to backtrack for ever ends in an error. The expression of
// Qwen needs a few steps a character, a run of spaces being the worst. Every place of the text gets the first steps for nothing; a match
// that needs more is tried again with four times as many, which are paid from what the text as a whole has.
constexpr std::uint32_t kFreeSteps = 1000;
constexpr std::uint64_t kStepsAText = 50'000'000, kStepsAByte = 100;
constexpr std::uint32_t kHeapLimitKiB = 256 * 1024;
constexpr std::size_t kStackStart = 32 * 1024, kStackLimit = 8 * 1024 * 1024;

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

std::string message_of(int code) {
  PCRE2_UCHAR text[200] = {};
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

// The buffers of one run over a text.
class Matcher {
 public:
  Matcher(const pcre2_code* code, std::size_t text_bytes)
      : code_(code),
        steps_left_(kStepsAText + kStepsAByte * text_bytes),
        data_(pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free),
        context_(pcre2_match_context_create(nullptr), pcre2_match_context_free),
        stack_(pcre2_jit_stack_create(kStackStart, kStackLimit, nullptr), pcre2_jit_stack_free) {
    if (!data_ || !context_) throw Error("There is no memory left to split text.");
    pcre2_set_heap_limit(context_.get(), kHeapLimitKiB);
    if (stack_) pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
  }

  // The next match at or after `from`; false if there is none.
  bool next(std::string_view text, std::size_t from) {
    // A place at a time, because PCRE2 counts the steps of each place anew.
    for (; from < text.size(); from += utf8_step(text, from).length)
      if (matches(text, from)) {
        if (start() < from || end() <= start())
          throw Error("The tokenizer's split expression matches nothing at all in some places; it must match at least a character.");
        return true;
      }
    return false;
  }
  std::size_t start() const { return pcre2_get_ovector_pointer(data_.get())[0]; }
  std::size_t end() const { return pcre2_get_ovector_pointer(data_.get())[1]; }

 private:
  bool matches(std::string_view text, std::size_t at) {
    for (std::uint32_t steps = kFreeSteps;; steps *= 4) {
      pcre2_set_match_limit(context_.get(), steps);
      const int rc =
          pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
      if (rc >= 0) return true;
      if (rc == PCRE2_ERROR_NOMATCH) return false;
      if (rc != PCRE2_ERROR_MATCHLIMIT || steps > steps_left_ / 4)
        throw Error("The tokenizer's split expression fails on this text: " + message_of(rc) + ".");
      steps_left_ -= std::uint64_t{steps} * 4;
    }
  }

  const pcre2_code* code_;
  std::uint64_t steps_left_;
  Owned<pcre2_match_data> data_;
  Owned<pcre2_match_context> context_;
  Owned<pcre2_jit_stack> stack_;
};

}  // namespace

Splitter::Splitter(const std::string& expression) {
  const std::string pattern = pcre2_expression(expression);
  int error = 0;
  PCRE2_SIZE where = 0;
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C, &error, &where, nullptr);
  if (code == nullptr) throw Error("tokenizer.json: the split expression does not compile: " + message_of(error) + ".");
  code_ = std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without a just-in-time compiler matching is slower, no less right
}

std::vector<std::size_t> Splitter::ends(std::string_view text) const {
  std::vector<std::size_t> out;
  out.reserve(text.size() / 4 + 1);
  Matcher match(static_cast<const pcre2_code*>(code_.get()), text.size());
  std::size_t at = 0;
  while (at < text.size() && match.next(text, at)) {
    if (match.start() > at) out.push_back(match.start());
    out.push_back(at = match.end());
  }
  if (at < text.size()) out.push_back(text.size());
  return out;
}

}  // namespace shardlm::text
