#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace authx::auth {

/// Names with the `__Host-` prefix: set over TLS (or from localhost) for this host and the whole of it alone (RFC 6265bis, 4.1.3.2).
inline constexpr std::string_view kRefreshCookie = "__Host-authx_refresh";
inline constexpr std::string_view kCsrfCookie = "__Host-authx_csrf";
inline constexpr std::string_view kDeviceCookie = "__Host-authx_device";

/// The value of a cookie in a Cookie header; empty when it is absent or repeated (one of two could be an attacker's).
std::string_view cookie(std::string_view header, std::string_view name) noexcept;

/// A Set-Cookie header for the whole host, Secure and SameSite=Strict. `value` holds base64url characters only.
std::pair<std::string, std::string> set_cookie(std::string_view name, std::string_view value, std::chrono::seconds max_age,
                                               bool script_reads);
std::pair<std::string, std::string> clear_cookie(std::string_view name);

}  // namespace authx::auth
