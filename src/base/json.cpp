#include "base/json.h"

#include <algorithm>
#include <cmath>

namespace authx {

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 32;
  json::error_code ec;
  auto value = json::parse({text.data(), text.size()}, ec, {}, options);
  if (ec) return Error::invalid("$", "not valid JSON");
  if (!is_finite(value)) return Error::invalid("$", "holds a number that is too large");
  return value;
}

bool is_finite(const json::value& v) noexcept {
  if (const auto* number = v.if_double()) return std::isfinite(*number);
  if (const auto* list = v.if_array()) return std::ranges::all_of(*list, &is_finite);
  if (const auto* object = v.if_object())
    return std::ranges::all_of(*object, [](const json::key_value_pair& member) { return is_finite(member.value()); });
  return true;
}

const json::value* find(const json::value& v, std::string_view key) {
  const auto* object = v.if_object();
  return object == nullptr ? nullptr : object->if_contains({key.data(), key.size()});
}

std::optional<std::string> get_text(const json::value& v, std::string_view key) {
  const auto* member = find(v, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string{member->as_string()};
}

std::optional<double> get_number(const json::value& v, std::string_view key) {
  const auto* member = find(v, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  return member->to_number<double>();
}

std::optional<bool> get_bool(const json::value& v, std::string_view key) {
  const auto* member = find(v, key);
  if (member == nullptr || !member->is_bool()) return std::nullopt;
  return member->as_bool();
}

}  // namespace authx
