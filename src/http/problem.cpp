#include "http/problem.h"

#include <algorithm>

#include "http/contract.h"

namespace authx::http {

int http_status(Errc code) noexcept {
  switch (code) {
    case Errc::validation: return 400;
    case Errc::unauthenticated:
    case Errc::insufficient_authentication:
    case Errc::invalid_credentials: return 401;
    case Errc::forbidden: return 403;
    case Errc::not_found: return 404;
    case Errc::method_not_allowed: return 405;
    case Errc::request_timeout: return 408;
    case Errc::conflict: return 409;
    case Errc::payload_too_large: return 413;
    case Errc::unsupported_media_type: return 415;
    case Errc::rate_limited: return 429;
    case Errc::overloaded:
    case Errc::capability_unavailable:
    case Errc::unavailable: return 503;
    case Errc::internal: return 500;
  }
  return 500;
}

std::string_view default_message(Errc code) noexcept {
  switch (code) {
    case Errc::validation: return "The request is not valid";
    case Errc::unauthenticated: return "Authentication is required";
    case Errc::invalid_credentials: return "The e-mail address or the password is wrong";
    case Errc::insufficient_authentication: return "This needs a stronger or a more recent sign-in";
    case Errc::forbidden: return "You are not permitted to do this";
    case Errc::not_found: return "Not found";
    case Errc::method_not_allowed: return "This method is not allowed here";
    case Errc::request_timeout: return "The request took too long to arrive";
    case Errc::conflict: return "The request conflicts with the present state";
    case Errc::payload_too_large: return "The request is too large";
    case Errc::unsupported_media_type: return "This content type is not supported here";
    case Errc::rate_limited: return "Too many requests; try again later";
    case Errc::overloaded: return "The server is busy; try again later";
    case Errc::capability_unavailable: return "This capability is not available on this server";
    case Errc::unavailable: return "The service is temporarily unavailable";
    case Errc::internal: return "Internal error";
  }
  return "Internal error";
}

namespace {

std::string_view message_of(const Error& error) {
  return error.message.empty() ? default_message(error.code) : std::string_view{error.message};
}

void say_when_to_retry(Response& response, const Error& error) {
  if (error.retry_after)
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
  else if (response.status == 503)
    response.headers.emplace_back("Retry-After", "2");
}

}  // namespace

Response problem(const Error& error, const RequestInfo& info, Time now, bool as_problem_json) {
  Response response;
  response.status = http_status(error.code);
  const std::string_view message = message_of(error);
  std::string& out = response.body;
  const auto faults = [&] {
    out += "[";
    for (std::size_t i = 0; i < error.faults.size(); ++i) {
      if (i != 0) out += ',';
      out += R"({"path":)";
      const auto& field = error.faults[i].field;
      write_quoted(out, field.starts_with('$') ? field : "$." + field);
      out += R"(,"field":)";
      write_quoted(out, field);
      out += R"(,"reason":)";
      write_quoted(out, error.faults[i].reason);
      out += '}';
    }
    out += ']';
  };
  if (as_problem_json) {
    response.content_type = "application/problem+json";
    out += R"({"type":"about:blank","title":)";
    write_quoted(out, message);
    out += R"(,"status":)" + std::to_string(response.status) + R"(,"code":)";
    write_quoted(out, to_string(error.code));
    out += R"(,"request_id":)";
    write_quoted(out, info.id);
    out += R"(,"errors":)";
    faults();
    out += '}';
  } else {
    out += R"({"success":false,"error":{"code":)";
    write_quoted(out, to_string(error.code));
    out += R"(,"message":)";
    write_quoted(out, message);
    out += R"(,"details":{)";
    if (!error.faults.empty()) {
      out += R"("field":)";
      write_quoted(out, error.faults.front().field);
      out += R"(,"reason":)";
      write_quoted(out, error.faults.front().reason);
      out += R"(,"errors":)";
      faults();
    }
    out += R"(},"timestamp":)";
    write_quoted(out, format_time(now));
    out += R"(,"request_id":)";
    write_quoted(out, info.id);
    out += "}}";
  }
  say_when_to_retry(response, error);
  if (error.code == Errc::unauthenticated) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.code == Errc::insufficient_authentication) {  // RFC 9470, section 3
    std::string challenge = R"(Bearer error="insufficient_user_authentication")";
    for (const auto& [name, value] : error.faults) challenge.append(", ").append(name).append("=\"").append(value).append("\"");
    response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
  }
  return response;
}

Response oauth_problem(const Error& error) {
  Response response;
  response.status = http_status(error.code);
  std::string message{message_of(error)};
  if (!error.faults.empty()) message = error.faults.front().field + " " + error.faults.front().reason;
  std::string_view code = "invalid_request";
  if (response.status == 401) code = "invalid_client";
  if (response.status == 403) code = "access_denied";
  if (response.status == 429 || response.status == 503) code = "temporarily_unavailable";
  if (response.status == 500) code = "server_error";
  response.body = R"({"error":)";
  write_quoted(response.body, code);
  response.body += R"(,"error_description":)";
  write_quoted(response.body, message);
  response.body += '}';
  say_when_to_retry(response, error);
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"oauth\"");
  return response;
}

Response scim_problem(const Error& error) {
  static constexpr std::string_view kTypes[] = {"invalidFilter", "tooMany",  "uniqueness",   "mutability",  "invalidSyntax",
                                                "invalidPath",   "noTarget", "invalidValue", "invalidVers", "sensitive"};
  Response response;
  response.status = http_status(error.code);
  response.content_type = "application/scim+json";
  std::string message{message_of(error)};
  std::string_view type;
  if (error.code == Errc::conflict) type = "uniqueness";
  if (error.code == Errc::validation && !error.faults.empty()) {
    const auto& fault = error.faults.front();
    const bool named = std::ranges::find(kTypes, std::string_view{fault.field}) != std::end(kTypes);
    type = named ? std::string_view{fault.field} : fault.field == "$" ? "invalidSyntax" : "invalidValue";
    message = named ? fault.reason : fault.field + " " + fault.reason;
  }
  response.body = R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":")" + std::to_string(response.status) + '"';
  if (!type.empty()) {
    response.body += R"(,"scimType":)";
    write_quoted(response.body, type);
  }
  response.body += R"(,"detail":)";
  write_quoted(response.body, message);
  response.body += '}';
  say_when_to_retry(response, error);
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

json::object scim_error_schema() {
  const json::value text{{"type", "string"}};
  return {{"type", "object"},
          {"required", {"schemas", "status"}},
          {"properties", {{"schemas", {{"type", "array"}, {"items", text}}}, {"status", text}, {"scimType", text}, {"detail", text}}}};
}

Response refusal(ErrorForm form, const Error& error, const RequestInfo& info, Time now, bool as_problem_json) {
  if (form == ErrorForm::oauth) return oauth_problem(error);
  if (form == ErrorForm::scim) return scim_problem(error);
  return problem(error, info, now, as_problem_json);
}

json::object oauth_error_schema() {
  const json::value text{{"type", "string"}};
  return {{"type", "object"}, {"required", {"error"}}, {"properties", {{"error", text}, {"error_description", text}, {"error_uri", text}}}};
}

json::object error_schema() {
  const json::value text{{"type", "string"}};
  const json::value fault{
      {"type", "object"}, {"required", {"path", "field", "reason"}}, {"properties", {{"path", text}, {"field", text}, {"reason", text}}}};
  const json::value details{{"type", "object"},
                            {"properties", {{"field", text}, {"reason", text}, {"errors", {{"type", "array"}, {"items", fault}}}}}};
  const json::value error{{"type", "object"},
                          {"required", {"code", "message", "details", "timestamp", "request_id"}},
                          {"properties",
                           {{"code", text},
                            {"message", text},
                            {"details", details},
                            {"timestamp", {{"type", "string"}, {"format", "date-time"}}},
                            {"request_id", text}}}};
  return {{"type", "object"},
          {"required", {"success", "error"}},
          {"properties", {{"success", {{"const", false}}}, {"error", error}}},
          {"examples",
           json::array{json::value{
               {"success", false},
               {"error",
                {{"code", "VALIDATION_ERROR"},
                 {"message", "The request is not valid"},
                 {"details",
                  {{"field", "email"},
                   {"reason", "must be an e-mail address"},
                   {"errors", json::array{json::value{{"path", "$.email"}, {"field", "email"}, {"reason", "must be an e-mail address"}}}}}},
                 {"timestamp", "2024-01-01T10:00:00Z"},
                 {"request_id", "req_0190163d-8694-739b-aea5-966c26f8ad91"}}}}}}};
}

}  // namespace authx::http
