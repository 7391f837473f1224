#pragma once

#include "base/time.h"
#include "http/client.h"
#include "services/providers/provider.h"

namespace authx::providers {

/// How a request proves who sends it.
enum class Scheme {
  bearer,  ///< `Authorization: Bearer <secret>`
  oauth2,  ///< a token by client credentials (RFC 6749, section 4.4) from `token_url`, kept until it ends
  hmac,    ///< `X-Client-Id`, `X-Timestamp` (seconds since 1970), `X-Nonce`, `X-Content-SHA256` (hex) and `X-Signature`: base64 of
           ///< HMAC-SHA256 with the secret over "METHOD\npath\ntimestamp\nnonce\nsha256", as KYC aggregators sign requests
  jws,     ///< `x-jws-signature`: a detached JWS over the body (RFC 7515 appendix F, RFC 7797: b64 false), RS256, with `key_id`
  none,    ///< the client certificate alone (mutual TLS)
};
std::optional<Scheme> parse_scheme(std::string_view word) noexcept;

struct HttpSettings {
  http::Peer peer;  ///< base URL and path of the look-up
  Scheme scheme = Scheme::hmac;
  std::string key_id;                       ///< client id, or the JWS's kid
  SecretText key;                           ///< secret, or the PEM private key of `jws`
  std::string token_url;                    ///< `oauth2`
  std::string answer_key;                   ///< PEM public key: then the answer must carry a detached JWS of its own
  std::string reason = "KYC verification";  ///< told to the provider as the purpose
  int attempts = 3;
  int breaker_failures = 5;
  std::chrono::milliseconds breaker_pause{30'000};
  std::chrono::milliseconds first_pause{250};  ///< before the second try; doubles, with jitter
};

/// A provider that is asked over HTTPS. One POST of JSON:
///   {"pan" | "aadhaar_number" | "driving_license_number" | "epic_number" | "passport_number": …, "name": …,
///    "date_of_birth": "YYYY-MM-DD", "consent": "Y", "reason": …}
/// with `Idempotency-Key`, so that a repeated try is one look-up. The answer, at the top or under "data":
///   {"status": "valid" | "invalid" | "not_found", "name_match": true | false | null, "date_of_birth_match": …, "reference": …}
/// (also "name_as_per_pan_match", "dob_match", "transaction_id"). Time-outs, 429 and 5xx are tried again, nothing else.
/// Errors of `make`: `Errc::validation` naming the setting.
Result<std::unique_ptr<Provider>> make_http_provider(Kind kind, HttpSettings settings, const Clock& clock);

/// What an answer means; apart, so that it can be tested without a network.
Outcome interpret(int status, std::string_view body);

}  // namespace authx::providers
