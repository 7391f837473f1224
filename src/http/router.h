#pragma once

#include <boost/asio/awaitable.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/callers.h"
#include "http/contract.h"
#include "http/problem.h"
#include "http/request.h"
#include "telemetry/metrics.h"

namespace authx::http {

namespace asio = boost::asio;
using asio::awaitable;

enum class BodyKind : std::uint8_t { none, json, form, urlencoded };

/// What an endpoint says of itself beyond its types.
struct About {
  std::string_view operation_id = {};
  std::string_view summary = {};
  std::string_view tag = {};
  int success = 200;
  std::size_t body_limit = 64 * 1024;
  std::string_view bucket = {};        ///< rate-limit class; empty: the general one
  std::vector<Errc> errors = {};       ///< beyond those that every endpoint can answer
  std::string_view content_type = {};  ///< of a RawResponse, for the description
  ErrorForm error_form = ErrorForm::envelope;
};

/// One endpoint: everything that routing, validation, authorization and the OpenAPI document need.
struct Endpoint {
  Method method = Method::get;
  std::string path;  ///< `/v1/documents/{document_id}`
  About about;
  BodyKind body = BodyKind::none;
  bool needs_token = false;
  std::optional<Permission> permission;
  std::optional<std::chrono::seconds> max_age;  ///< of the caller's last proof of who they are
  std::function<awaitable<Response>(Request&)> invoke;
  std::function<json::object(Schemas&)> describe;
  std::array<std::atomic<metrics::Counter*>, 600> counters{};  ///< by status; made at the first use, owned

  Endpoint() = default;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  ~Endpoint() {
    for (auto& counter : counters) delete counter.load(std::memory_order_relaxed);
  }
};

/// Checks a bearer token and says who calls. Set once, before serving.
using Authenticator = std::function<Result<Principal>(std::string_view token)>;
/// Says which organisation a request is for whose caller is not signed in. Set once, before serving.
using TenantFinder = std::function<Result<Uuid>(const RequestHeaders& headers)>;

class Router {
 public:
  Router(const Clock& clock, std::string prefix) : clock_(clock), prefix_(std::move(prefix)) {}

  void set_authenticator(Authenticator authenticator) { authenticate_ = std::move(authenticator); }
  void set_tenant_finder(TenantFinder finder) { find_tenant_ = std::move(finder); }

  /// Mounts `handler`: Result<Out> handler(Service&, const Caller&, In), as a coroutine. The caller type is the access
  /// policy; In's members come from the path where the template names them, else from the query (GET, DELETE) or the body.
  template <class S, class Caller, class In, class Out>
  void add(Method method, std::string_view path, S& service, awaitable<Result<Out>> (*handler)(S&, const Caller&, In), About about);

  template <class S, class C, class I, class O>
  void get(std::string_view path, S& s, awaitable<Result<O>> (*h)(S&, const C&, I), About a) {
    add(Method::get, path, s, h, std::move(a));
  }
  template <class S, class C, class I, class O>
  void post(std::string_view path, S& s, awaitable<Result<O>> (*h)(S&, const C&, I), About a) {
    add(Method::post, path, s, h, std::move(a));
  }

  struct Match {
    Endpoint* endpoint = nullptr;
    bool path_known = false;  ///< another method exists there: 405, not 404
    std::string allow;
  };
  Match match(Method method, std::string_view path, std::vector<std::pair<std::string_view, std::string_view>>& params);

  /// Refuses a request whose caller may not make it before its body is read.
  std::optional<Response> refuse_early(const Endpoint& endpoint, const Request& request) const;

  const std::vector<std::unique_ptr<Endpoint>>& endpoints() const noexcept { return endpoints_; }
  const Clock& clock() const noexcept { return clock_; }

  /// OpenAPI 3.1 of everything mounted.
  json::object openapi(std::string_view version) const;

 private:
  Endpoint& mount(Method method, std::string_view path, About about);
  /// The caller, if the endpoint is theirs to call now.
  Result<Principal> admit(const Endpoint& endpoint, const Request& request) const;
  Result<Principal> principal(const Request& request) const;
  Response fail(const Endpoint& endpoint, const Request& request, const Error& error) const;

  const Clock& clock_;
  std::string prefix_;
  Authenticator authenticate_;
  TenantFinder find_tenant_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::vector<Endpoint*>, TextHash, std::equal_to<>> exact_;  ///< paths without parameters
  std::vector<std::vector<std::pair<std::vector<std::string>, Endpoint*>>> by_segments_;
};

/// Where the members of a request come from.
class Binder {
 public:
  Binder(const Request& request, BodyKind kind);
  /// Faults that concern no member: malformed JSON or query.
  Faults faults;

  const json::value* member(std::string_view name, json::value& scratch, json::value (*lift)(std::string_view));
  const UploadedFile* file(std::string_view name);
  const json::value& body() const noexcept { return body_; }
  bool has_field(std::string_view name) const;  ///< a text part of a form
  void unknown(const std::function<bool(std::string_view)>& known);
  void repeated();  ///< a fault for each name that comes more than once

 private:
  const Request& request_;
  BodyKind kind_;
  json::value body_;
  std::vector<std::pair<std::string, std::string>> query_;
};

/// A request of an outside standard (`using protocol = void;`): its body is form-encoded, unknown members are ignored, and
/// none may come twice (RFC 6749, 3.1 and 3.2).
template <class In>
inline constexpr bool is_protocol = requires { typename In::protocol; };

template <class In>
Result<In> bind(const Request& request, BodyKind kind) {
  In in{};
  Binder binder{request, kind};
  if (!binder.faults.empty()) return Error::invalid(binder.faults.take());
  if constexpr (boost::describe::has_describe_members<In>::value) {
    boost::mp11::mp_for_each<typename Codec<In>::Members>([&](auto d) {
      using M = std::remove_cvref_t<decltype(in.*d.pointer)>;
      if constexpr (std::is_same_v<M, UploadedFile> || std::is_same_v<M, std::optional<UploadedFile>>) {
        if (const auto* file = binder.file(d.name)) {
          if (file->bytes().empty())
            binder.faults.add(d.name, "is empty");
          else
            in.*d.pointer = *file;
        } else if (binder.has_field(d.name)) {
          binder.faults.add(d.name, "must be a file, not a text field");
        } else if constexpr (!is_optional<M>) {
          binder.faults.add(d.name, "is required (a file)");
        }
      } else {
        if constexpr (std::is_same_v<M, AnyObject>) {
          Codec<M>::parse(binder.body(), in.*d.pointer, "$", binder.faults);
          return;
        }
        if (binder.file(d.name) != nullptr) binder.faults.add(d.name, "must be a text field, not a file");
        json::value scratch;
        if (const auto* value = binder.member(d.name, scratch, &Codec<M>::lift))
          Codec<M>::parse(*value, in.*d.pointer, d.name, binder.faults);
        else if constexpr (!is_optional<M>)
          binder.faults.add(d.name, "is required");
      }
    });
    if constexpr (takes_any_object<In>())
      ;
    else if constexpr (is_protocol<In>)
      binder.repeated();
    else
      binder.unknown([](std::string_view key) { return Codec<In>::has(key); });
  } else {
    binder.unknown([](std::string_view) { return false; });
  }
  if (!binder.faults.empty()) return Error::invalid(binder.faults.take());
  return in;
}

template <class In>
constexpr BodyKind body_kind(Method method) {
  if (method == Method::get || method == Method::del || method == Method::head) return BodyKind::none;
  if constexpr (boost::describe::has_describe_members<In>::value) {
    bool form = false;
    boost::mp11::mp_for_each<typename Codec<In>::Members>([&](auto d) {
      using M = std::remove_cvref_t<decltype(std::declval<In>().*d.pointer)>;
      form = form || std::is_same_v<M, UploadedFile> || std::is_same_v<M, std::optional<UploadedFile>>;
    });
    if (is_protocol<In>) return BodyKind::urlencoded;
    return form ? BodyKind::form : BodyKind::json;
  }
  return BodyKind::none;
}

template <class Out>
struct Answer {
  static Response make(const Out& out, const About& about) {
    Response response;
    response.status = about.success;
    response.body.reserve(256);
    response.body += R"({"success":true,"data":)";
    Codec<Out>::write(response.body, out);
    response.body += '}';
    return response;
  }
  static json::value schema(Schemas& schemas) {
    return {{"type", "object"},
            {"required", json::array{"success", "data"}},
            {"properties", {{"success", {{"const", true}}}, {"data", Codec<Out>::schema(schemas)}}}};
  }
};
template <class T>
struct Answer<Bare<T>> {
  static Response make(const Bare<T>& out, const About&) {
    Response response;
    response.status = out.status;
    response.headers = out.headers;
    Codec<T>::write(response.body, out.body);
    return response;
  }
  static json::value schema(Schemas& schemas) { return Codec<T>::schema(schemas); }
};
template <class T>
struct Answer<WithHeaders<T>> {
  static Response make(WithHeaders<T>& out, const About& about) {
    auto response = Answer<T>::make(out.body, about);
    response.headers = std::move(out.headers);
    return response;
  }
  static json::value schema(Schemas& schemas) { return Answer<T>::schema(schemas); }
};
Response raw_answer(RawResponse&& out);
BrowserInfo browser_of(const Request& request);
template <>
struct Answer<RawResponse> {
  static Response make(RawResponse& out, const About&) { return raw_answer(std::move(out)); }
  static json::value schema(Schemas&) { return {{"type", "string"}}; }
};

json::object describe_endpoint(const Endpoint& endpoint, const json::object& input, const json::value& output);

template <class S, class Caller, class In, class Out>
void Router::add(Method method, std::string_view path, S& service, awaitable<Result<Out>> (*handler)(S&, const Caller&, In), About about) {
  Endpoint& e = mount(method, path, std::move(about));
  e.body = body_kind<In>(method);
  if constexpr (boost::describe::has_describe_members<In>::value) {
    if (e.body == BodyKind::json) {  // a request that its path says in full has no body
      bool in_path = true;
      boost::mp11::mp_for_each<typename Codec<In>::Members>(
          [&](auto d) { in_path = in_path && e.path.find("{" + std::string{d.name} + "}") != std::string::npos; });
      if (in_path) e.body = BodyKind::none;
    }
  }
  e.needs_token = std::is_base_of_v<Principal, Caller>;
  if constexpr (requires { Caller::permission; }) e.permission = Caller::permission;
  if constexpr (requires { Caller::max_age; }) e.max_age = Caller::max_age;
  Endpoint* endpoint = &e;
  e.invoke = [this, endpoint, &service, handler](Request& request) -> awaitable<Response> {
    Caller caller{};
    if constexpr (std::is_base_of_v<Principal, Caller>) {
      auto who = admit(*endpoint, request);
      if (!who) co_return fail(*endpoint, request, who.error());
      request.info.tenant = who->request.tenant;
      static_cast<Principal&>(caller) = std::move(*who);
    } else if (find_tenant_) {
      auto tenant = find_tenant_(request.headers);
      if (!tenant) co_return fail(*endpoint, request, tenant.error());
      request.info.tenant = *tenant;
    }
    if constexpr (requires { caller.browser; }) caller.browser = browser_of(request);
    if constexpr (std::is_same_v<Caller, Directory>) {
      caller.query = request.query;
      caller.if_match = request.headers.if_match;
      caller.if_none_match = request.headers.if_none_match;
    }
    caller.request = request.info;
    if constexpr (std::is_same_v<Caller, Presenter>) {
      caller.authorization = SecretText{std::string{request.headers.authorization}};
      caller.dpop = request.headers.dpop;
    }
    auto in = bind<In>(request, endpoint->body);
    if (!in) co_return fail(*endpoint, request, in.error());
    auto out = co_await handler(service, caller, std::move(*in));
    if (!out) co_return fail(*endpoint, request, out.error());
    co_return Answer<Out>::make(*out, endpoint->about);
  };
  e.describe = [endpoint](Schemas& schemas) {
    json::object input;
    if constexpr (boost::describe::has_describe_members<In>::value) input = Codec<In>::inline_schema(schemas, false);
    return describe_endpoint(*endpoint, input, Answer<Out>::schema(schemas));
  };
}

}  // namespace authx::http
