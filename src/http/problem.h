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

/// Whose form the errors of an endpoint have: ours, OAuth's (RFC 6749, 5.2), or SCIM's (RFC 7644, 3.12).
enum class ErrorForm : std::uint8_t { envelope, oauth, scim };
/// An error that arose before or outside the protocol's own rules: a malformed request, a full queue.
Response oauth_problem(const Error& error);
json::object oauth_error_schema();
/// A fault whose field is a `scimType` of RFC 7644, table 9, is told as that; any other fault is `invalidValue`.
Response scim_problem(const Error& error);
json::object scim_error_schema();

/// The error in an endpoint's form.
Response refusal(ErrorForm form, const Error& error, const RequestInfo& info, Time now, bool as_problem_json);

/// The OpenAPI schema of the envelope.
json::object error_schema();

}  // namespace authx::http
