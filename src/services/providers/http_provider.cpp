#include "services/providers/http_provider.h"

#include <charconv>

#include "base/encoding.h"
#include "base/json.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "services/providers/signing.h"
#include "telemetry/log.h"

namespace authx::providers {
namespace {

constexpr std::chrono::seconds kLongestPause{10};

std::string_view number_key(Kind kind) {
  switch (kind) {
    case Kind::aadhaar: return "aadhaar_number";
    case Kind::pan: return "pan";
    case Kind::driving_license: return "driving_license_number";
    case Kind::voter_id: return "epic_number";
    case Kind::passport: return "passport_number";
  }
  return "number";
}

/// The path with the query, as the server sees it.
std::string path_of(std::string_view url) {
  const auto host = url.find("://");
  const auto slash = url.find('/', host == std::string_view::npos ? 0 : host + 3);
  return slash == std::string_view::npos ? "/" : std::string{url.substr(slash)};
}

std::optional<std::chrono::seconds> retry_after(const http::ClientAnswer& answer) {
  const auto found = answer.headers.find("retry-after");
  if (found == answer.headers.end()) return std::nullopt;
  int seconds = 0;
  const auto& text = found->second;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds{seconds};
}

Outcome unknown(std::string reason) { return {Answer::unknown, std::move(reason), {}, 0}; }

std::optional<bool> match(const json::value& v, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto said = get_bool(v, name)) return said;
  return std::nullopt;
}

/// The access token of `Scheme::oauth2`, fetched when there is none that still lives. Thread-safe.
class TokenSource {
 public:
  TokenSource(std::unique_ptr<http::Client> client, std::string id, SecretText secret, const Clock& clock)
      : client_(std::move(client)), id_(std::move(id)), secret_(std::move(secret)), clock_(clock) {}

  Result<SecretText> get() {
    const std::scoped_lock lock{mutex_};  // one fetch serves all who wait
    if (!token_.empty() && clock_.now() < until_) return token_;
    http::ClientRequest request;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/json"},
                       {"Authorization", "Basic " + base64_encode(as_bytes(percent_encode(id_) + ":" + percent_encode(secret_.expose())))}};
    request.body = SecretText{"grant_type=client_credentials"};
    AX_TRY(const auto answer, client_->call(std::move(request)));
    if (answer.status == 429 || answer.status >= 500) return Error{Errc::unavailable, "token endpoint"};
    if (answer.status != 200) return Error{Errc::unauthenticated, "token endpoint"};
    auto parsed = parse_json(answer.body);
    const auto token = parsed ? get_text(*parsed, "access_token") : std::nullopt;
    const auto type = parsed ? get_text(*parsed, "token_type") : std::nullopt;
    const bool header_safe =
        token && !token->empty() && token->size() <= 8192 && std::ranges::all_of(*token, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!header_safe || !type || (*type != "Bearer" && *type != "bearer")) return Error{Errc::unavailable, "token endpoint's answer"};
    const auto seconds = std::clamp(get_number(*parsed, "expires_in").value_or(60), 0.0, 86'400.0);
    token_ = SecretText{*token};
    until_ = clock_.now() + std::chrono::seconds{static_cast<std::int64_t>(seconds * 0.9)};
    return token_;
  }
  void forget() {
    const std::scoped_lock lock{mutex_};
    token_ = {};
  }

 private:
  std::unique_ptr<http::Client> client_;
  std::string id_;
  SecretText secret_;
  const Clock& clock_;
  std::mutex mutex_;
  SecretText token_;
  Time until_;
};

class HttpProvider final : public Provider {
 public:
  HttpProvider(Kind kind, HttpSettings settings, std::unique_ptr<http::Client> client, std::unique_ptr<TokenSource> tokens,
               const Clock& clock)
      : kind_(kind),
        s_(std::move(settings)),
        path_(path_of(s_.peer.base_url)),
        client_(std::move(client)),
        tokens_(std::move(tokens)),
        clock_(clock),
        breaker_(s_.breaker_failures, s_.breaker_pause) {}

  Kind kind() const noexcept override { return kind_; }

  Outcome look_up(const Lookup& lookup) override {
    Outcome out = unknown("provider_paused");
    bool token_renewed = false;
    for (int attempt = 1; attempt <= s_.attempts; ++attempt) {
      if (!breaker_.allow(http::CircuitBreaker::Clock::now())) {
        out.attempts = attempt - 1;
        return out;
      }
      std::optional<std::chrono::milliseconds> asked_pause;
      bool again = false;
      auto answer = try_once(lookup);
      if (!answer) {
        const auto code = answer.error().code;
        again = code == Errc::request_timeout || code == Errc::unavailable;
        out = unknown(code == Errc::unauthenticated     ? "provider_refused"
                      : code == Errc::overloaded        ? "provider_busy"
                      : code == Errc::payload_too_large ? "answer_malformed"
                                                        : "provider_unavailable");
        note_failure(code);
      } else if (answer->status == 429 || answer->status >= 500) {
        again = true;
        out = unknown(answer->status == 429 ? "provider_busy" : "provider_unavailable");
        asked_pause = retry_after(*answer);
        note_failure(Errc::unavailable);
      } else if (answer->status == 401 && tokens_ && !token_renewed) {
        tokens_->forget();  // it may have been revoked before its time
        token_renewed = again = true;
        out = unknown("provider_refused");
        breaker_.succeeded();
      } else {
        breaker_.succeeded();
        out = signed_answer(*answer) ? interpret(answer->status, answer->body) : unknown("answer_unsigned");
      }
      out.attempts = attempt;
      if (!again || attempt == s_.attempts) return out;
      if (asked_pause && *asked_pause > kLongestPause) return out;
      pause(attempt, asked_pause);
    }
    return out;
  }

 private:
  void note_failure(Errc code) {
    breaker_.failed(http::CircuitBreaker::Clock::now());
    log::warning("provider_failed", {{"kind", to_string(kind_)}, {"host", client_->host()}, {"code", authx::to_string(code)}});
  }

  void pause(int attempt, std::optional<std::chrono::milliseconds> asked) const {
    std::array<std::uint8_t, 2> random{};
    random_bytes(random);
    const double jitter = 0.5 + static_cast<double>(random[0] * 256 + random[1]) / 65536.0;
    auto wait = std::chrono::milliseconds{static_cast<std::int64_t>(static_cast<double>(s_.first_pause.count() << (attempt - 1)) * jitter)};
    if (asked) wait = std::max(wait, *asked);
    std::this_thread::sleep_for(wait);
  }

  Result<http::ClientAnswer> try_once(const Lookup& lookup) {
    const auto key = number_key(lookup.kind);
    json::object body{{json::string_view{key.data(), key.size()}, lookup.number.expose()}, {"consent", "Y"}, {"reason", s_.reason}};
    if (!lookup.name.empty()) body["name"] = lookup.name;
    if (lookup.dob) body["date_of_birth"] = *lookup.dob;
    http::ClientRequest request;
    request.body = SecretText{json::serialize(body)};
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}, {"Idempotency-Key", lookup.idempotency_key}};
    AX_CHECK(authorize(request));
    return client_->call(std::move(request));
  }

  Result<> authorize(http::ClientRequest& request) {
    const auto add = [&](const char* name, std::string value) { request.headers.emplace_back(name, std::move(value)); };
    switch (s_.scheme) {
      case Scheme::none: break;
      case Scheme::bearer: add("Authorization", "Bearer " + s_.key.expose()); break;
      case Scheme::oauth2: {
        AX_TRY(const auto token, tokens_->get());
        add("Authorization", "Bearer " + token.expose());
        break;
      }
      case Scheme::hmac: {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
        const auto nonce = crypto::random_token(16);
        const auto digest = hex_encode(crypto::sha256(as_bytes(request.body.expose())));
        const auto text = fmt::format("POST\n{}\n{}\n{}\n{}", path_, seconds, nonce, digest);
        add("X-Client-Id", s_.key_id);
        add("X-Timestamp", std::to_string(seconds));
        add("X-Nonce", nonce);
        add("X-Content-SHA256", digest);
        add("X-Signature", base64_encode(crypto::hmac_sha256(as_bytes(s_.key.expose()), as_bytes(text))));
        break;
      }
      case Scheme::jws: {
        AX_TRY(auto jws, sign_detached(s_.key, s_.key_id, request.body.expose()));
        add("x-jws-signature", std::move(jws));
        break;
      }
    }
    return {};
  }

  bool signed_answer(const http::ClientAnswer& answer) const {
    if (s_.answer_key.empty()) return true;
    const auto found = answer.headers.find("x-jws-signature");
    return found != answer.headers.end() && verify_detached(s_.answer_key, found->second, answer.body).has_value();
  }

  Kind kind_;
  HttpSettings s_;
  std::string path_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<TokenSource> tokens_;
  const Clock& clock_;
  http::CircuitBreaker breaker_;
};

}  // namespace

std::optional<Scheme> parse_scheme(std::string_view word) noexcept {
  if (word == "bearer") return Scheme::bearer;
  if (word == "oauth2") return Scheme::oauth2;
  if (word == "hmac") return Scheme::hmac;
  if (word == "jws") return Scheme::jws;
  if (word == "none") return Scheme::none;
  return std::nullopt;
}

Outcome interpret(int status, std::string_view body) {
  if (status == 401 || status == 403) return unknown("provider_refused");
  const auto parsed = parse_json(body);
  const json::value* said = parsed ? &*parsed : nullptr;
  if (said != nullptr)
    if (const auto* inner = find(*said, "data"); inner != nullptr && inner->is_object()) said = inner;
  const auto word = said == nullptr ? std::nullopt : get_text(*said, "status");
  if (status == 404 && word != "not_found") return unknown("request_refused");
  if (status >= 400 && status != 404) return unknown("request_refused");
  if (status != 200 && status != 404) return unknown("answer_malformed");
  if (!word) return unknown("answer_malformed");
  Outcome out;
  out.reference = get_text(*said, "reference").value_or(get_text(*parsed, "transaction_id").value_or(""));
  if (out.reference.size() > 200) out.reference.resize(200);
  const auto is = [&](Answer answer, const char* reason) {
    out.answer = answer;
    out.reason = reason;
    return out;
  };
  if (*word == "not_found") return is(Answer::refuted, "number_unknown");
  if (*word == "invalid") return is(Answer::refuted, "number_invalid");
  if (*word != "valid") return unknown("answer_malformed");
  const auto name = match(*said, {"name_match", "name_as_per_pan_match"});
  const auto dob = match(*said, {"date_of_birth_match", "dob_match"});
  if (name == false) return is(Answer::refuted, "name_differs");
  if (dob == false) return is(Answer::refuted, "birth_date_differs");
  if (!name && !dob) return is(Answer::unknown, "nothing_compared");
  return is(Answer::confirmed, "matches");
}

Result<std::unique_ptr<Provider>> make_http_provider(Kind kind, HttpSettings settings, const Clock& clock) {
  while (settings.peer.base_url.ends_with('/')) settings.peer.base_url.pop_back();
  const bool header_safe = std::ranges::all_of(settings.key_id, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!header_safe) return Error::invalid("key id", "must be printable ASCII without spaces");
  if (settings.scheme != Scheme::none && settings.key.empty()) return Error::invalid("key", "is required by the scheme");
  if (settings.scheme == Scheme::none && settings.peer.certificate_pem.empty())
    return Error::invalid("scheme", "none needs a client certificate");
  if (settings.scheme == Scheme::bearer && !std::ranges::all_of(settings.key.expose(), [](char c) { return c > 0x20 && c < 0x7F; }))
    return Error::invalid("key", "must be printable ASCII without spaces");
  if ((settings.scheme == Scheme::hmac || settings.scheme == Scheme::oauth2) && settings.key_id.empty())
    return Error::invalid("key id", "is required by the scheme");
  if (settings.scheme == Scheme::jws) AX_CHECK(check_private_key(settings.key));
  if (!settings.answer_key.empty()) AX_CHECK(check_public_key(settings.answer_key));
  std::unique_ptr<TokenSource> tokens;
  if (settings.scheme == Scheme::oauth2) {
    auto peer = settings.peer;
    peer.base_url = settings.token_url;
    AX_TRY(auto client, http::Client::create(std::move(peer)));
    tokens = std::make_unique<TokenSource>(std::move(client), settings.key_id, settings.key, clock);
  }
  AX_TRY(auto client, http::Client::create(settings.peer));
  return std::unique_ptr<Provider>{std::make_unique<HttpProvider>(kind, std::move(settings), std::move(client), std::move(tokens), clock)};
}

}  // namespace authx::providers
