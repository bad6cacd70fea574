// What the tests of text share: the stored tokenizer, its answers, and expecting an Error.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "shardlm/core/error.hpp"
#include "shardlm/text/tokenizer.hpp"

namespace shardlm::text {

using Json = nlohmann::json;

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("The test file " + path + " cannot be read.");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string vector_path(const std::string& name) { return std::string(SHARDLM_VECTORS) + "/" + name; }
inline Json json_vector(const std::string& name) { return Json::parse(file_text(vector_path(name))); }

inline const Json& small_file() {
  static const Json file = json_vector("tokenizer_small.json");
  return file;
}
inline const Tokenizer& small_tokenizer() {
  static const Tokenizer tokenizer(small_file().dump());
  return tokenizer;
}

// The one sentence of the Error that `call` throws; a failure if it throws none or something else.
template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "not a shardlm::Error: " << e.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

// One sentence that names the thing.
inline void expect_sentence(const std::string& sentence, const std::string& naming) {
  EXPECT_NE(sentence.find(naming), std::string::npos) << sentence;
  ASSERT_FALSE(sentence.empty());
  EXPECT_EQ(sentence.back(), '.') << sentence;
  EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
}

}  // namespace shardlm::text
