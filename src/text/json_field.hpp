// A value in a JSON file with its place in it, so that a wrong one can be named: "model.merges".
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "shardlm/core/error.hpp"

namespace shardlm::text {

class Field {
 public:
  using Json = nlohmann::json;
  Field(const Json& value, std::string place) : value_(&value), place_(std::move(place)) {}

  const Json& value() const { return *value_; }
  bool is_null() const { return value_->is_null(); }

  // The member, or null where there is none.
  Field operator[](const char* key) const {
    static const Json null;
    if (!value_->is_object()) wrong("an object");
    const auto found = value_->find(key);
    return {found == value_->end() ? null : *found, place_.empty() ? key : place_ + "." + key};
  }
  Field at(std::size_t i) const { return {array()[i], place_ + "[" + std::to_string(i) + "]"}; }

  const Json& array() const { return value_->is_array() ? *value_ : wrong("an array"); }
  const Json& object() const { return value_->is_object() ? *value_ : wrong("an object"); }
  bool boolean() const { return value_->is_boolean() ? value_->get<bool>() : wrong("true or false").get<bool>(); }
  const std::string& text() const { return (value_->is_string() ? *value_ : wrong("a string")).get_ref<const std::string&>(); }
  // An integer in [0, limit).
  std::int32_t number_below(std::int32_t limit) const {
    if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() >= std::uint64_t(limit))
      wrong(("an integer from 0 to " + std::to_string(limit - 1)).c_str());
    return value_->get<std::int32_t>();
  }

  // Throws unless the value is `expected`.
  template <class T>
  void must_be(const T& expected, const char* in_words) const {
    if (*value_ != Json(expected)) wrong(in_words);
  }
  [[noreturn]] const Json& wrong(const char* expected) const {
    throw Error("tokenizer.json: " + (place_.empty() ? "the whole" : place_) + " must be " + expected + ", not " + shown() + ".");
  }

 private:
  const Json* value_;
  std::string place_;

  std::string shown() const {
    if (value_->is_null()) return "null or missing";
    if (value_->is_object()) return "an object";
    if (value_->is_array()) return "an array of " + std::to_string(value_->size());
    const std::string text = value_->dump(-1, ' ', true);
    return text.size() <= 60 ? text : text.substr(0, 57) + "...";
  }
};

}  // namespace shardlm::text
