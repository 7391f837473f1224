#include "base/error.h"

namespace authx {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::validation: return "VALIDATION_ERROR";
    case Errc::unauthenticated: return "AUTHENTICATION_REQUIRED";
    case Errc::invalid_credentials: return "INVALID_CREDENTIALS";
    case Errc::insufficient_authentication: return "INSUFFICIENT_USER_AUTHENTICATION";
    case Errc::forbidden: return "PERMISSION_DENIED";
    case Errc::not_found: return "NOT_FOUND";
    case Errc::method_not_allowed: return "METHOD_NOT_ALLOWED";
    case Errc::conflict: return "CONFLICT";
    case Errc::payload_too_large: return "PAYLOAD_TOO_LARGE";
    case Errc::unsupported_media_type: return "UNSUPPORTED_MEDIA_TYPE";
    case Errc::request_timeout: return "REQUEST_TIMEOUT";
    case Errc::rate_limited: return "RATE_LIMIT_EXCEEDED";
    case Errc::overloaded: return "OVERLOADED";
    case Errc::capability_unavailable: return "CAPABILITY_UNAVAILABLE";
    case Errc::unavailable: return "SERVICE_UNAVAILABLE";
    case Errc::internal: return "INTERNAL_ERROR";
  }
  return "INTERNAL_ERROR";
}

}  // namespace authx
