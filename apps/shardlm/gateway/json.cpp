#include "gateway/json.hpp"

#include <cmath>
#include <set>
#include <vector>

#include "gateway/errors.hpp"

namespace shardlm::app {
namespace {

using nlohmann::json;

constexpr std::size_t kDepth = 64;

// Looks at each event of the parser. Of two fields of one name the parser would silently take the last, another reader the first.
class Watch {
 public:
  bool operator()(int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      names_.emplace_back();
      if (names_.size() > kDepth) throw ApiError(400, "The body is nested deeper than " + std::to_string(kDepth) + ".", "", "json_too_deep");
    } else if (event == json::parse_event_t::object_end || event == json::parse_event_t::array_end) {
      names_.pop_back();
    } else if (event == json::parse_event_t::key && !names_.back().insert(value.get<std::string>()).second) {
      throw ApiError(400, "The body names the field " + shown(value) + " twice in one object.", "", "json_duplicate_field");
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> names_;  // of each object that is open
};

std::string plain(double number) {
  const json value = number == std::floor(number) && std::abs(number) < 1e15 ? json(static_cast<std::int64_t>(number)) : json(number);
  return value.dump();
}

}  // namespace

json parse_object(const std::string& text) {
  json parsed;
  try {
    // As the parser gets a copy of its callback, what it watches lies outside of it.
    Watch watch;
    parsed = json::parse(text, [&watch](int depth, json::parse_event_t event, json& value) { return watch(depth, event, value); });
  } catch (const json::parse_error& error) {
    throw ApiError(400, "The body is not JSON in UTF-8: what is wrong begins at or before its byte " + std::to_string(error.byte) + ".", "", "json_malformed");
  } catch (const json::exception&) {
    throw ApiError(400, "The body holds a number that is too large for JSON's readers.", "", "json_malformed");
  }
  if (!parsed.is_object()) throw ApiError(400, "The body must be a JSON object, not " + shown(parsed) + ".", "", "json_no_object");
  return parsed;
}

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string shown(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return value.empty() ? "an empty list" : "a list of " + std::to_string(value.size());
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > 40) return "a text of " + std::to_string(text.size()) + " bytes";
  return text_of(value);
}

const json* Fields::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void Fields::refuse(const char* name, const std::string& must_be) const {
  throw ApiError(400, path(name) + " must be " + must_be + ", not " + shown(object_.at(name)) + ".", path(name), "invalid_value");
}

void Fields::missing(const char* name, const std::string& must_be) const {
  throw ApiError(400, path(name) + " is missing; it must be " + must_be + ".", path(name), "missing_field");
}

std::optional<double> Fields::number(const char* name, double low, double high) const {
  const json* value = find(name);
  if (!value) return {};
  const auto must_be = "a number from " + plain(low) + " to " + plain(high);
  if (!value->is_number()) refuse(name, must_be);
  const double number = value->get<double>();
  if (!(number >= low && number <= high)) refuse(name, must_be);
  return number;
}

std::optional<std::int64_t> Fields::integer(const char* name, std::int64_t low, std::int64_t high) const {
  const json* value = find(name);
  if (!value) return {};
  const auto must_be = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  if (!value->is_number()) refuse(name, must_be);
  if (value->is_number_float()) {
    const double number = value->get<double>();
    // Doubles beyond this are no longer exact: not even a whole one says which number was meant.
    if (number != std::floor(number) || std::abs(number) > 9007199254740992.0) refuse(name, must_be);
  } else if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    refuse(name, must_be);
  }
  const auto number = value->is_number_float() ? static_cast<std::int64_t>(value->get<double>()) : value->get<std::int64_t>();
  if (number < low || number > high) refuse(name, must_be);
  return number;
}

std::optional<bool> Fields::boolean(const char* name) const {
  const json* value = find(name);
  if (!value) return {};
  if (!value->is_boolean()) refuse(name, "true or false");
  return value->get<bool>();
}

std::optional<std::string> Fields::string(const char* name) const {
  const json* value = find(name);
  if (!value) return {};
  if (!value->is_string()) refuse(name, "a text");
  return value->get<std::string>();
}

const json* Fields::array(const char* name) const {
  const json* value = find(name);
  if (value && !value->is_array()) refuse(name, "a list");
  return value;
}

std::optional<Fields> Fields::object(const char* name) const {
  const json* value = find(name);
  if (!value) return {};
  if (!value->is_object()) refuse(name, "an object");
  return Fields(*value, path(name));
}

}  // namespace shardlm::app
