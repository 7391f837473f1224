#include "http/router.h"

#include <fmt/format.h>

#include "telemetry/log.h"

namespace authx::http {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    out.emplace_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  }
  return out;
}

/// The beginning of a client's text, for an answer: never half a character.
std::string_view beginning(std::string_view text) {
  if (text.size() <= 64) return text;
  std::size_t end = 64;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

bool is_param(std::string_view segment) { return segment.starts_with('{'); }

}  // namespace

Endpoint& Router::mount(Method method, std::string_view path, About about) {
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->method = method;
  endpoint->path =
      path.starts_with("//") ? std::string{path.substr(1)} : prefix_ + std::string{path};  // `//health` stands outside the prefix
  endpoint->about = std::move(about);
  Endpoint& e = *endpoint;
  endpoints_.push_back(std::move(endpoint));
  if (e.path.find('{') == std::string::npos) {
    exact_[e.path].push_back(&e);
  } else {
    auto segments = split(e.path);
    if (by_segments_.size() <= segments.size()) by_segments_.resize(segments.size() + 1);
    by_segments_[segments.size()].emplace_back(std::move(segments), &e);
  }
  return e;
}

Router::Match Router::match(Method method, std::string_view path, std::vector<std::pair<std::string_view, std::string_view>>& params) {
  Match found;
  const Method wanted = method == Method::head ? Method::get : method;
  const auto consider = [&](Endpoint* e) {
    found.path_known = true;
    if (e->method == wanted) {
      found.endpoint = e;
    } else if (found.endpoint == nullptr) {  // only the answer 405 tells it
      found.allow += found.allow.empty() ? "" : ", ";
      found.allow += to_string(e->method);
    }
  };
  if (const auto it = exact_.find(path); it != exact_.end()) {
    for (auto* e : it->second) consider(e);
    return found;
  }
  if (!path.starts_with('/')) return found;
  const auto count = static_cast<std::size_t>(std::ranges::count(path, '/'));
  if (count >= by_segments_.size()) return found;
  std::vector<std::pair<std::string_view, std::string_view>> bound;
  for (const auto& [segments, e] : by_segments_[count]) {
    bound.clear();
    std::string_view rest = path;
    bool equal = true;
    for (const auto& segment : segments) {
      rest.remove_prefix(1);
      const auto part = rest.substr(0, rest.find('/'));
      rest.remove_prefix(part.size());
      if (is_param(segment)) {
        bound.emplace_back(std::string_view{segment}.substr(1, segment.size() - 2), part);
      } else if (segment != part) {
        equal = false;
        break;
      }
    }
    if (!equal) continue;
    const bool had = found.endpoint != nullptr;
    consider(e);
    if (!had && found.endpoint != nullptr) params.swap(bound);
  }
  return found;
}

Result<Principal> Router::principal(const Request& request) const {
  constexpr std::string_view scheme = "Bearer ";
  const auto header = request.headers.authorization;
  if (header.empty()) return Error{Errc::unauthenticated, "no token"};
  if (header.size() <= scheme.size() ||
      !std::ranges::equal(header.substr(0, scheme.size()), scheme, [](char a, char b) { return (a | 32) == (b | 32); }))
    return Error{Errc::unauthenticated, "not a bearer token"};
  if (!authenticate_) return Error{Errc::unavailable, "no authenticator"};
  return authenticate_(header.substr(scheme.size()));
}

Result<Principal> Router::admit(const Endpoint& endpoint, const Request& request) const {
  AX_TRY(auto who, principal(request));
  if (who.delegated && !endpoint.permission) return Error{Errc::forbidden, "a program may not act as the person"};
  if (endpoint.permission) {
    if (!who.can(*endpoint.permission))
      return Error{Errc::forbidden, std::string{"missing permission "} + std::string{to_string(*endpoint.permission)}};
    if (who.aal < who.needed_aal) return step_up(who.needed_aal, std::nullopt);
  }
  if (endpoint.max_age && clock_.now() - who.auth_time > *endpoint.max_age) return step_up(who.aal, endpoint.max_age);
  return who;
}

BrowserInfo browser_of(const Request& request) {
  BrowserInfo out;
  out.cookies = request.headers.cookie;
  out.csrf = request.headers.csrf;
  out.origin = request.headers.origin;
  out.same_origin = request.same_origin;
  return out;
}

std::optional<Response> Router::refuse_early(const Endpoint& endpoint, const Request& request) const {
  if (endpoint.body == BodyKind::none || !endpoint.needs_token) return std::nullopt;
  if (const auto who = admit(endpoint, request); !who) return fail(endpoint, request, who.error());
  return std::nullopt;
}

Response Router::fail(const Endpoint& endpoint, const Request& request, const Error& error) const {
  const int status = http_status(error.code);
  log::write(status >= 500 ? log::Level::error : log::Level::info, "request_refused",
             {{"request_id", request.info.id},
              {"code", to_string(error.code)},
              {"detail", error.detail},
              {"field", error.faults.empty() ? "" : error.faults.front().field}});
  return refusal(endpoint.about.error_form, error, request.info, clock_.now(),
                 request.headers.accept.find("application/problem+json") != std::string_view::npos);
}

Binder::Binder(const Request& request, BodyKind kind) : request_(request), kind_(kind) {
  if (auto query = parse_query(request.query))
    query_ = std::move(*query);
  else
    faults.add("query", "is malformed");
  if (kind == BodyKind::urlencoded) {
    auto pairs = query_.empty() ? parse_query(request.body) : std::nullopt;
    if (!pairs)
      faults.add("$", "must be form-encoded, at most 64 pairs, with no query beside it");
    else
      query_ = std::move(*pairs);
  }
  if (kind == BodyKind::json) {
    auto parsed = parse_json(request.body);
    if (!parsed)
      faults.add("$", request.body.empty() ? "a JSON body is required" : "is not valid JSON");
    else if (!parsed->is_object())
      faults.add("$", "must be an object");
    else
      body_ = std::move(*parsed);
  }
}

const json::value* Binder::member(std::string_view name, json::value& scratch, json::value (*lift)(std::string_view)) {
  for (const auto& [key, value] : request_.path_params) {
    if (key != name) continue;
    const auto decoded = percent_decode(value, false);
    scratch = lift(decoded ? std::string_view{*decoded} : std::string_view{});
    return &scratch;
  }
  if (kind_ == BodyKind::json) return find(body_, name);
  if (kind_ == BodyKind::form) {
    const auto it = request_.form.fields.find(name);
    if (it == request_.form.fields.end()) return nullptr;
    scratch = lift(it->second);
    return &scratch;
  }
  for (const auto& [key, value] : query_) {
    if (key != name) continue;
    scratch = lift(value);
    return &scratch;
  }
  return nullptr;
}

const UploadedFile* Binder::file(std::string_view name) {
  const auto it = request_.form.files.find(name);
  return it == request_.form.files.end() ? nullptr : &it->second;
}

bool Binder::has_field(std::string_view name) const { return request_.form.fields.contains(name); }

void Binder::unknown(const std::function<bool(std::string_view)>& known) {
  const auto check = [&](std::string_view key) {
    if (!known(key)) faults.add(std::string{beginning(key)}, "unknown field");
  };
  if (const auto* object = body_.if_object())
    for (const auto& [key, value] : *object) check(key);
  for (const auto& [key, value] : request_.form.fields) check(key);
  for (const auto& [key, value] : request_.form.files) check(key);
  for (const auto& [key, value] : query_)
    if (kind_ != BodyKind::none)
      faults.add(std::string{beginning(key)}, "query parameters are not taken here");
    else
      check(key);
}

void Binder::repeated() {
  for (std::size_t i = 0; i < query_.size(); ++i)
    for (std::size_t j = i + 1; j < query_.size(); ++j)
      if (query_[i].first == query_[j].first) faults.add(std::string{beginning(query_[i].first)}, "comes more than once");
}

Response raw_answer(RawResponse&& out) {
  static constexpr std::string_view known[] = {"text/plain; charset=utf-8",
                                               "text/html; charset=utf-8",
                                               "application/json",
                                               "application/jwt",
                                               "image/jpeg",
                                               "image/png",
                                               "text/plain; version=0.0.4; charset=utf-8"};
  Response response;
  response.status = out.status;
  response.content_type = "application/octet-stream";
  for (const auto type : known)
    if (out.content_type == type) response.content_type = type;
  response.body = std::move(out.body);
  response.headers = std::move(out.headers);
  return response;
}

json::object describe_endpoint(const Endpoint& endpoint, const json::object& input, const json::value& output) {
  json::object op;
  const auto& about = endpoint.about;
  op["operationId"] = json::value(json::string_view{about.operation_id.data(), about.operation_id.size()});
  op["summary"] = json::value(json::string_view{about.summary.data(), about.summary.size()});
  op["tags"] = json::array{json::value(json::string_view{about.tag.data(), about.tag.size()})};
  json::object body_properties;
  json::array body_required;
  json::value whole;  // of an AnyObject
  json::array parameters;
  const auto required = [&](std::string_view name) {
    const auto* list = input.if_contains("required");
    return list != nullptr && std::ranges::any_of(list->as_array(), [&](const json::value& v) { return v.as_string() == name; });
  };
  if (const auto* properties = input.if_contains("properties")) {
    for (const auto& [key, schema] : properties->as_object()) {
      const bool in_path = endpoint.path.find("{" + std::string{key} + "}") != std::string::npos;
      if (in_path || endpoint.body == BodyKind::none) {
        json::value plain = schema;
        if (const auto* any = plain.as_object().if_contains("anyOf")) plain = json::value(any->as_array().at(0));  // a query has no null
        parameters.push_back(json::value{
            {"name", json::string{key}}, {"in", in_path ? "path" : "query"}, {"required", in_path || required(key)}, {"schema", plain}});
      } else {
        json::value plain = schema;
        if (endpoint.body == BodyKind::form || endpoint.body == BodyKind::urlencoded)
          if (const auto* any = plain.as_object().if_contains("anyOf")) plain = json::value(any->as_array().at(0));
        if (const auto* free = plain.as_object().if_contains("additionalProperties");
            free != nullptr && *free == true && endpoint.body == BodyKind::json)
          whole = plain;
        body_properties[key] = plain;
        if (required(key)) body_required.push_back(json::value(json::string(key)));
      }
    }
  }
  if (!parameters.empty()) op["parameters"] = parameters;
  if (endpoint.body != BodyKind::none) {
    json::object schema{
        {"type", "object"}, {"properties", body_properties}, {"additionalProperties", endpoint.body == BodyKind::urlencoded}};
    if (!body_required.empty()) schema["required"] = body_required;
    if (const auto* examples = input.if_contains("examples")) schema["examples"] = *examples;
    if (whole.is_object()) schema = whole.as_object();
    const char* body_type = endpoint.body == BodyKind::form                ? "multipart/form-data"
                            : endpoint.body == BodyKind::urlencoded        ? "application/x-www-form-urlencoded"
                            : endpoint.about.error_form == ErrorForm::scim ? "application/scim+json"
                                                                           : "application/json";
    op["requestBody"] = {{"required", true}, {"content", {{body_type, {{"schema", schema}}}}}};
  }
  json::object responses;
  const std::string type = about.content_type.empty() ? "application/json" : std::string{about.content_type};
  json::object success{{"description", "Success"}};
  if (about.success != 204) success["content"] = {{type, {{"schema", output}}}};
  responses[std::to_string(about.success)] = std::move(success);
  std::map<int, std::string> errors;
  const auto add_error = [&](Errc code) {
    auto& text = errors[http_status(code)];
    text += (text.empty() ? "" : " · ") + std::string{to_string(code)};
  };
  add_error(Errc::validation);
  if (endpoint.needs_token) add_error(Errc::unauthenticated);
  if (endpoint.permission || !endpoint.needs_token) add_error(Errc::forbidden);  // of a suspended organisation, who is not signed in too
  if (endpoint.permission || endpoint.max_age) add_error(Errc::insufficient_authentication);
  if (endpoint.body != BodyKind::none) {
    add_error(Errc::payload_too_large);
    add_error(Errc::unsupported_media_type);
    add_error(Errc::request_timeout);
  }
  add_error(Errc::rate_limited);
  add_error(Errc::internal);
  add_error(Errc::overloaded);
  for (const auto code : about.errors) add_error(code);
  const char* error_ref = about.error_form == ErrorForm::oauth  ? "#/components/schemas/OAuthError"
                          : about.error_form == ErrorForm::scim ? "#/components/schemas/ScimError"
                                                                : "#/components/schemas/Error";
  const char* error_type = about.error_form == ErrorForm::scim ? "application/scim+json" : "application/json";
  for (const auto& [status, text] : errors) {
    json::object content{{error_type, {{"schema", {{"$ref", error_ref}}}}}};
    // A fault that must not be sent on to the redirect address is told to the person in front of the browser.
    if (about.error_form == ErrorForm::oauth && about.success == 302 && status == 400)
      content["text/plain"] = {{"schema", {{"type", "string"}}}};
    responses[std::to_string(status)] = {{"description", text}, {"content", std::move(content)}};
  }
  op["responses"] = responses;
  if (endpoint.needs_token)
    op["security"] = json::array{json::value{{"bearer", json::array{}}}};
  else
    op["security"] = json::array{};
  if (endpoint.permission) {
    const auto word = to_string(*endpoint.permission);
    op["x-permission"] = json::value(json::string_view{word.data(), word.size()});
  }
  return op;
}

json::object Router::openapi(std::string_view version) const {
  Schemas schemas;
  schemas["Error"] = error_schema();
  schemas["OAuthError"] = oauth_error_schema();
  schemas["ScimError"] = scim_error_schema();
  json::object paths;
  for (const auto& endpoint : endpoints_) {
    auto& item = paths[endpoint->path];
    if (!item.is_object()) item = json::object{};
    std::string method{to_string(endpoint->method)};
    std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c | 32); });
    item.as_object()[method] = endpoint->describe(schemas);
  }
  return {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "F-AI AuthX"},
        {"version", json::string{version.data(), version.size()}},
        {"description",
         "Identity verification and authentication. Every answer has the envelope {success, data} or {success, error}; OAuth and OpenID "
         "Connect endpoints have their standards' own forms, as SCIM ones have. On a server of several organisations the header "
         "X-Organization, "
         "an organisation's slug, says which one a request without a token is for; else its host says it, else it is the default one."}}},
      {"servers", json::array{json::value{{"url", "/"}}}},
      {"paths", paths},
      {"components",
       {{"schemas", schemas}, {"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}}}}}};
}

}  // namespace authx::http
