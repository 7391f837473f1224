#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace authx::crypto::jose {

inline constexpr std::size_t kMaxToken = 8 * 1024;

/// The three parts of a compact JWS (RFC 7515, 7.1), as views into it. Nothing of them is trusted yet.
struct Parts {
  std::string_view header, payload, signature, signing_input;
};
std::optional<Parts> split(std::string_view token);

/// The JSON object that a base64url part holds; nothing when it is malformed or repeats a top-level name.
std::optional<json::object> parse_part(std::string_view part);

/// Checks `exp` (required) and, when present, `nbf` and `iat`. Error: `Errc::unauthenticated`.
Result<> check_times(const json::object& claims, Time now, std::chrono::seconds leeway);

}  // namespace authx::crypto::jose
