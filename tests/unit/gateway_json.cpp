// A request's JSON: what is refused, and what is said about it.
#include <gtest/gtest.h>

#include "gateway/errors.hpp"
#include "gateway/json.hpp"

namespace shardlm::app {
namespace {

using Json = nlohmann::json;

template <class Call>
ApiError refused(const Call& call) {
  try {
    call();
  } catch (const ApiError& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was refused";
  return ApiError(0, "");
}

std::string sentence(const std::string& body) {
  return refused([&] { parse_object(body); }).what();
}

TEST(GatewayJson, reads_an_object) { EXPECT_EQ(parse_object(R"({"a": [1, {"b": "\u00e9"}]})")["a"][1]["b"], "\xc3\xa9"); }

TEST(GatewayJson, says_where_it_is_no_json_and_nothing_of_what_stands_there) {
  EXPECT_EQ(sentence(R"({"secret)"), "The body is not JSON in UTF-8: what is wrong begins at or before its byte 9.");
  for (const auto* body : {"", "{", "{}x", "{} {}", "{'a': 1}", R"({"a": NaN})", R"({"a": Infinity})", R"({"a": 01})", R"({"a": "\ud800"})", "\xff\xfe{}"})
    EXPECT_EQ(sentence(body).find("The body is not JSON in UTF-8"), 0u) << body;
}

TEST(GatewayJson, takes_utf8_alone) {
  for (const auto* text : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    EXPECT_EQ(sentence(std::string(R"({"a": ")") + text + "\"}").find("The body is not JSON in UTF-8"), 0u);
}

TEST(GatewayJson, takes_objects_alone) {
  EXPECT_EQ(sentence("[]"), "The body must be a JSON object, not an empty list.");
  EXPECT_EQ(sentence("7"), "The body must be a JSON object, not 7.");
}

TEST(GatewayJson, is_nested_no_deeper_than_64) {
  const auto nested = [](int depth) { return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}"; };
  EXPECT_NO_THROW(parse_object(nested(64)));
  EXPECT_EQ(sentence(nested(65)), "The body is nested deeper than 64.");
  EXPECT_EQ(sentence("{\"a\":" + std::string(1000000, '[')), "The body is nested deeper than 64.");
}

TEST(GatewayJson, names_each_field_once) {
  EXPECT_EQ(sentence(R"({"model": "a", "model": "b"})"), R"(The body names the field "model" twice in one object.)");
  EXPECT_NO_THROW(parse_object(R"({"a": {"b": 1}, "b": [{"b": 1}, {"b": 2}]})"));
}

TEST(GatewayJson, holds_numbers_that_a_double_can) { EXPECT_EQ(sentence(R"({"a": 1e999})"), "The body holds a number that is too large for JSON's readers."); }

TEST(GatewayFields, are_absent_where_they_are_null) {
  const Json object{{"a", nullptr}};
  EXPECT_FALSE(Fields(object).number("a", 0, 1));
  EXPECT_FALSE(Fields(object).string("b"));
}

TEST(GatewayFields, say_what_a_number_must_be) {
  const Json object{{"temperature", "hot"}, {"top_p", -0.5}, {"huge", 1e300}};
  EXPECT_STREQ(refused([&] { Fields(object).number("temperature", 0, 2); }).what(), "temperature must be a number from 0 to 2, not \"hot\".");
  EXPECT_STREQ(refused([&] { Fields(object).number("top_p", 0, 1); }).what(), "top_p must be a number from 0 to 1, not -0.5.");
  EXPECT_EQ(refused([&] { Fields(object).number("huge", 0, 1); }).param, "huge");
}

TEST(GatewayFields, take_whole_numbers_however_they_are_written) {
  const Json object{{"a", 3.0}, {"least", INT64_MIN}, {"most", INT64_MAX}};
  EXPECT_EQ(Fields(object).integer("a", 0, 9), 3);
  EXPECT_EQ(Fields(object).integer("least", INT64_MIN, INT64_MAX), INT64_MIN);
  EXPECT_EQ(Fields(object).integer("most", INT64_MIN, INT64_MAX), INT64_MAX);
}

TEST(GatewayFields, refuse_numbers_that_are_not_whole_or_too_large) {
  for (const Json value : {Json(1.5), Json(1e300), Json(-1e300), Json(UINT64_MAX), Json(9223372036854775808.0), Json(true), Json("3"), Json(-1)}) {
    const Json object{{"a", value}};
    EXPECT_EQ(std::string(refused([&] { Fields(object).integer("a", 0, INT64_MAX); }).what()).find("a must be a whole number from 0 to "), 0u) << value;
  }
}

TEST(GatewayFields, show_no_long_value) {
  const Json object{{"a", std::string(1000, 'x')}, {"b", {1, 2}}};
  EXPECT_STREQ(refused([&] { Fields(object).boolean("a"); }).what(), "a must be true or false, not a text of 1000 bytes.");
  EXPECT_STREQ(refused([&] { Fields(object).string("b"); }).what(), "b must be a text, not a list of 2.");
}

TEST(GatewayFields, name_fields_within_fields) {
  const Json object{{"stream_options", {{"include_usage", 1}}}};
  EXPECT_STREQ(refused([&] { Fields(object).object("stream_options")->boolean("include_usage"); }).what(),
               "stream_options.include_usage must be true or false, not 1.");
}

}  // namespace
}  // namespace shardlm::app
