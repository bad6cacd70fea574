// Cuts text into the pieces that byte-pair encoding never joins across: every match of the file's split expression is a
// piece, and so is what lies between matches.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shardlm::text {

class Splitter {
 public:
  // An expression in the Oniguruma syntax of tokenizer.json. Read is the part of the language that such files use and that
  // means the same to PCRE2: literals, classes, \s \S \r \n \t \p{..} \P{..}, groups (..) (?:..) (?i:..) (?=..) (?!..),
  // alternatives and quantifiers. Throws Error for anything else.
  explicit Splitter(const std::string& expression);

  // Offsets in `text`, valid UTF-8, where the pieces end. Throws Error where matching needs absurdly long.
  std::vector<std::size_t> ends(std::string_view text) const;

 private:
  std::shared_ptr<void> code_;
};

}  // namespace shardlm::text
