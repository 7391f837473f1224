#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/jws.h"
#include "db/db.h"
#include "services/oauth/outcome.h"

namespace authx::oauth {

/// A token that somebody else signed, whose signature was checked with one of `keys`.
/// The header's `alg` must be the key's own; `kid`, when it names a key, chooses among `keys` only; `jku`, `x5u` and `jwk` are not
/// looked at; `crit` is refused; `typ`, when `wanted_typ` is not empty, must be it. Times are checked with a minute's leeway.
Outcome<json::object> verify_foreign(std::string_view token, const std::vector<crypto::PublicKey>& keys, std::string_view wanted_typ,
                                     Time now);

/// A DPoP proof (RFC 9449) that fits: its key's thumbprint, and what makes it usable once.
struct DpopProof {
  std::string jkt;
  std::string once;
};
/// Checks form, signature by the key in the proof, method, address without query, age (at most five minutes, a minute in the future), and
/// `ath` when an access token comes with it. Refusal: invalid_dpop_proof.
Outcome<DpopProof> check_dpop(std::string_view proof, std::string_view method, std::string_view url,
                              std::optional<std::string_view> access_token, Time now);

/// Remembers that `once` was used. False when it was used before.
Result<bool> use_once(db::Tx& tx, std::string_view once, Time expires_at);

}  // namespace authx::oauth
