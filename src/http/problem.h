#pragma once

#include "base/error.h"
#include "base/time.h"
#include "http/request.h"

namespace authx::http {

/// The only place where a status is chosen for a code.
int http_status(Errc code) noexcept;
std::string_view default_message(Errc code) noexcept;

/// The product's error envelope, or RFC 9457's form for a client that asks for application/problem+json. The error's
/// `detail` is logged with the request id, never sent.
Response problem(const Error& error, const RequestInfo& info, Time now, bool as_problem_json);

/// Whose form the errors of an endpoint have: ours, or OAuth's (RFC 6749, 5.2).
enum class ErrorForm : std::uint8_t { envelope, oauth };
/// An error that arose before or outside the protocol's own rules: a malformed request, a full queue.
Response oauth_problem(const Error& error);
json::object oauth_error_schema();

/// The OpenAPI schema of the envelope.
json::object error_schema();

}  // namespace authx::http
