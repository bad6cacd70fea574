// A request's JSON, with limits, and its fields with sentences about what is wrong with them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace shardlm::app {

// An object. Throws ApiError (400) for what is no JSON in UTF-8, is nested deeper than 64, names a field twice, holds a number that a double
// cannot, or is no object.
nlohmann::json parse_object(const std::string& text);

// Never throws: what is no UTF-8 becomes U+FFFD.
std::string text_of(const nlohmann::json& value);

// The fields of an object; null is as good as absent. Throws ApiError (400) that names the field, what it must be, and what it is.
class Fields {
 public:
  explicit Fields(const nlohmann::json& object, std::string where = "") : object_(object), where_(std::move(where)) {}

  const nlohmann::json* find(const char* name) const;  // nullptr where it is absent or null
  std::optional<double> number(const char* name, double low, double high) const;
  std::optional<std::int64_t> integer(const char* name, std::int64_t low, std::int64_t high) const;  // 3.0 is one, too
  std::optional<bool> boolean(const char* name) const;
  std::optional<std::string> string(const char* name) const;
  const nlohmann::json* array(const char* name) const;
  std::optional<Fields> object(const char* name) const;

  [[noreturn]] void refuse(const char* name, const std::string& must_be) const;
  [[noreturn]] void missing(const char* name, const std::string& must_be) const;
  std::string path(const std::string& name) const { return where_.empty() ? name : where_ + "." + name; }

 private:
  const nlohmann::json& object_;
  std::string where_;
};

// A value for a sentence: short, whatever it is.
std::string shown(const nlohmann::json& value);

}  // namespace shardlm::app
