#include "services/oauth/outside_json.h"

#include "http/client.h"
#include "services/oauth/clients.h"

namespace authx::oauth {
namespace {

Error unavailable(const char* why) { return Error{Errc::unavailable, std::string{"outside server: "} + why}; }

}  // namespace

bool is_endpoint(std::string_view url, bool allow_private) {
  return acceptable_uri(url, false) && (allow_private || url.starts_with("https://"));
}

Result<json::object> call_outside(const OutsideCall& call) {
  if (!is_endpoint(call.url, call.allow_private)) return unavailable("an address that may not be called");
  // The client trims a slash off its base; the path is the request's.
  const auto path_at = call.url.find('/', call.url.find("://") + 3);
  http::Peer peer;
  peer.base_url = call.url.substr(0, path_at);
  peer.allow_private = call.allow_private;
  peer.total_timeout = std::chrono::milliseconds{10'000};
  peer.response_limit = call.answer_limit;
  AX_TRY(const auto client, http::Client::create(std::move(peer), 1));
  http::ClientRequest request;
  request.method = call.form != nullptr ? http::Method::post : http::Method::get;
  if (path_at != std::string::npos) request.path = call.url.substr(path_at);
  request.headers = call.headers;
  request.headers.emplace_back("Accept", "application/json");
  if (call.form != nullptr) {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = SecretText{call.form->expose()};
  }
  auto answer = client->call(std::move(request));
  if (!answer) {
    if (answer.error().code == Errc::overloaded) return answer.error();
    return Error{Errc::unavailable, "outside server: " + answer.error().detail};
  }
  if (call.form != nullptr && answer->status >= 400 && answer->status < 500)
    return Error{Errc::invalid_credentials, "outside server: refused the code"};
  if (answer->status != 200) return unavailable("answered with another status than 200");
  auto parsed = parse_json(answer->body);
  if (!parsed || !parsed->is_object()) return unavailable("answered no JSON object");
  return std::move(parsed->as_object());
}

}  // namespace authx::oauth
