#include <boost/asio/steady_timer.hpp>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/jose_parts.h"
#include "services/oauth/oauth_service.h"
#include "telemetry/log.h"

namespace authx::oauth {
namespace {

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Basic {
  std::string id;
  SecretText secret;
};

/// RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
std::optional<Basic> parse_basic(std::string_view header) {
  constexpr std::string_view scheme = "basic ";
  if (header.size() <= scheme.size() ||
      !std::ranges::equal(header.substr(0, scheme.size()), scheme, [](char a, char b) { return (a | 32) == (b | 32); }))
    return std::nullopt;
  const auto bytes = base64_decode(header.substr(scheme.size()));
  if (!bytes || bytes->size() > 1024) return std::nullopt;
  const auto text = as_text(*bytes);
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto id = http::percent_decode(text.substr(0, colon), true);
  auto secret = http::percent_decode(text.substr(colon + 1), true);
  if (!id || !secret) return std::nullopt;
  return Basic{std::move(*id), SecretText{std::move(*secret)}};
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->as_string().data(), value->as_string().size()};
}

/// The client that an assertion claims to be, before anything of it is believed.
std::string claimed_client(std::string_view assertion) {
  const auto parts = crypto::jose::split(assertion);
  if (!parts) return {};
  const auto claims = crypto::jose::parse_part(parts->payload);
  return claims ? std::string{text_of(*claims, "sub")} : std::string{};
}

bool audience_is(const json::object& claims, std::initializer_list<std::string_view> accepted) {
  const auto* aud = claims.if_contains("aud");
  if (aud == nullptr) return false;
  if (const auto* list = aud->if_array()) {
    if (list->size() != 1) return false;
    aud = &list->front();
  }
  if (!aud->is_string()) return false;
  return std::ranges::any_of(accepted, [&](auto name) { return aud->as_string() == name; });
}

}  // namespace

awaitable<Result<std::shared_ptr<const Client>>> OAuthService::client(std::string client_id) {
  const auto now = p_.clock.now();
  if (auto held = cache_.find(client_id, now)) co_return held;
  auto find = [&client_id](db::Tx& tx) { return find_client(tx, client_id); };
  AX_CO_TRY(auto found, co_await p_.database.read(db::Scope::everyone(), find));
  std::shared_ptr<const Client> out;
  if (found && !found->disabled && (!p_.tenant_open || p_.tenant_open(found->tenant))) {
    out = std::make_shared<const Client>(std::move(*found));
    cache_.put(out, now);
  }
  co_return out;
}

awaitable<Result<Outcome<json::object>>> OAuthService::check_assertion(const Client& client, const SecretText& assertion) {
  using Out = Result<Outcome<json::object>>;
  const auto& url = client.metadata.jwks_uri;
  if (url.empty()) co_return Out{verify_foreign(assertion.expose(), client.metadata.keys, "", p_.clock.now())};
  KeySets::Keys keys;
  for (const bool anew : {false, true}) {
    const auto before = keys;
    for (int turn = 0; turn < 120; ++turn) {  // of a tenth of a second: longer than a reading takes
      auto seen = p_.key_sets.look(url, anew);
      if (seen && seen->turn) {
        auto read = [this, turn = std::move(seen->turn)]() mutable { return p_.key_sets.read(std::move(turn)); };
        auto done = co_await p_.outside.run(std::move(read));
        if (!done)
          seen = std::move(done).error();
        else
          seen->keys = std::move(*done);
      }
      if (!seen) {
        log::warning("client_keys_not_read", {{"client_id", client.client_id}, {"detail", seen.error().detail}});
        if (seen.error().code == Errc::overloaded) co_return Out{std::move(seen).error()};
        co_return Out{Refusal::client()};
      }
      if (seen->keys) {
        keys = std::move(seen->keys);
        break;
      }
      asio::steady_timer timer{co_await asio::this_coro::executor};
      timer.expires_after(std::chrono::milliseconds{100});
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (!keys || keys == before) break;
    auto claims = verify_foreign(assertion.expose(), *keys, "", p_.clock.now());
    if (claims) co_return Out{std::move(claims)};
  }
  co_return Out{Refusal::client()};
}

awaitable<Result<Outcome<std::shared_ptr<const Client>>>> OAuthService::authenticate_client(ClientCredentials in,
                                                                                            http::RequestInfo request) {
  using Out = Result<Outcome<std::shared_ptr<const Client>>>;
  std::string method = "none";
  std::string id = in.client_id;
  std::optional<Basic> basic;
  int ways = 0;
  if (!in.authorization.empty()) {
    basic = parse_basic(in.authorization.expose());
    if (!basic || (!id.empty() && id != basic->id)) co_return Out{Refusal::client()};
    id = basic->id;
    method = "client_secret_basic";
    ++ways;
  }
  if (!in.client_secret.empty()) {
    method = "client_secret_post";
    ++ways;
  }
  if (!in.client_assertion.empty()) {
    const auto claimed = claimed_client(in.client_assertion.expose());
    if (in.client_assertion_type != kJwtBearer || claimed.empty() || (!id.empty() && id != claimed)) co_return Out{Refusal::client()};
    id = claimed;
    method = "private_key_jwt";
    ++ways;
  }
  if (ways > 1) co_return Out{Refusal{"invalid_request", "the client authenticates in more than one way"}};
  AX_CO_TRY(auto known, co_await client(id));
  // One answer for an unknown client, a wrong secret, and another method than the registered one.
  const bool method_fits = known && (known->metadata.auth_method == method ||
                                     (known->metadata.auth_method.starts_with("client_secret") && method.starts_with("client_secret")));
  bool right = method_fits;
  if (method.starts_with("client_secret")) {
    const auto digest = hash_of(basic ? basic->secret.expose() : in.client_secret.expose());
    const Bytes none(32);
    const auto& stored = known && known->secret_hash ? *known->secret_hash : none;
    right = crypto::constant_time_equal(digest, stored) && method_fits;
  } else if (right && method == "private_key_jwt") {
    const auto now = p_.clock.now();
    AX_CO_TRY(const auto claims, co_await check_assertion(*known, in.client_assertion));
    right = claims && text_of(*claims, "iss") == id && text_of(*claims, "sub") == id && !text_of(*claims, "jti").empty() &&
            text_of(*claims, "jti").size() <= 256 && audience_is(*claims, {p_.options.issuer, p_.options.issuer + "/oauth/token"});
    if (right) {
      const auto expires = claims->at("exp").to_number<double>();
      const auto at = std::chrono::duration<double>(now.time_since_epoch()).count();
      right = expires <= at + 600;
    }
    if (right) {
      const std::string once = "assertion:" + id + ":" + std::string{text_of(*claims, "jti")};
      auto note = [&once, now](db::Tx& tx) { return use_once(tx, once, now + std::chrono::minutes{20}); };
      AX_CO_TRY(right, co_await p_.database.write(known ? known->tenant : request.tenant, note));
    }
  }
  if (!right) {
    auto note = [this, &request, &known](db::Tx& tx) -> Result<> {
      const std::string details = known ? json::serialize(json::object{{"client_id", known->client_id}}) : "{}";
      return p_.audit.append(tx, {std::nullopt, "oauth.client_refused", details, &request});
    };
    AX_CO_CHECK(co_await p_.database.write(known ? known->tenant : request.tenant, note));
    co_return Out{Refusal::client()};
  }
  co_return Out{Outcome<std::shared_ptr<const Client>>{std::move(known)}};
}

}  // namespace authx::oauth
