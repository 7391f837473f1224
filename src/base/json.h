#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace authx {

namespace json = boost::json;

/// Parses one JSON document. Refuses trailing bytes, nesting deeper than 32 and numbers beyond a double's range; of a repeated key the
/// last value wins. Error: `Errc::validation` on field "$".
Result<json::value> parse_json(std::string_view text);
/// Whether it can be written again: the parser makes infinities of too large numbers, for which JSON has no word.
bool is_finite(const json::value& v) noexcept;

/// Members by name, empty when absent or of another type.
const json::value* find(const json::value& v, std::string_view key);
std::optional<std::string> get_text(const json::value& v, std::string_view key);
std::optional<double> get_number(const json::value& v, std::string_view key);
std::optional<bool> get_bool(const json::value& v, std::string_view key);

}  // namespace authx
