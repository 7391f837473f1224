#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "services/oauth/clients.h"

namespace authx::oauth {

/// How one claim is asked for (OpenID Connect Core 1.0, 5.5.1).
struct ClaimWish {
  bool essential = false;
  std::vector<json::value> values;  ///< of which it must have one; empty: any

  bool accepts(const json::value& value) const;
};
using ClaimWishes = std::map<std::string, ClaimWish>;

/// One set of verified claims that is asked for, with what its verification must have been (OpenID Connect for Identity Assurance 1.0, 6).
struct VerifiedWish {
  json::object verification;
  ClaimWishes claims;
};

/// What is asked of one of the two places where claims stand.
struct ClaimsPart {
  ClaimWishes claims;
  std::vector<VerifiedWish> verified;

  bool empty() const noexcept { return claims.empty() && verified.empty(); }
};

/// The `claims` parameter of an authorization request.
struct ClaimsRequest {
  static constexpr std::size_t kLongest = 4000;

  ClaimsPart userinfo, id_token;

  /// Reads and checks it: at most 50 claims a place, 20 values a claim, 5 sets of verified claims, which must name a trust framework and at
  /// least one claim. Members that the standard does not know are ignored. An empty text is an empty request. Refusal: invalid_request.
  static Outcome<ClaimsRequest> parse(std::string_view text, std::size_t longest = kLongest);
  /// What `text` wrote.
  static ClaimsRequest stored(std::string_view text) { return parse(text, 2 * kLongest).value_or(ClaimsRequest{}); }
  bool empty() const noexcept { return userinfo.empty() && id_token.empty(); }
  /// As text that `parse` reads, empty when nothing is asked.
  std::string text() const;

  /// Drops what no scope of `allowed` covers and claims that this server does not have.
  void limit_to(const Words& allowed);
  /// What a person must agree to beside the scopes: `claim:<name>` and `verified:<name>`, without what `scope` says already.
  Words consent_words(const Words& scope) const;
};

/// Whether agreement to `given` (scopes and words of `consent_words`) is agreement to `word`.
bool agreed(std::string_view word, const Words& given);

/// The scope that a standard claim comes with; empty for one that comes with none.
std::string_view scope_of_claim(std::string_view claim) noexcept;

/// What of `have` (`verified_claims` of a person: an object of `verification` and `claims`) answers a wish: the members that were asked for
/// and no others, `trust_framework` always. Nothing when a constraint is not met or no claim remains: then the set is left out.
std::optional<json::object> answer_wish(const json::object& have, const VerifiedWish& wish, Time now);

/// Which assurance levels an authorization request asks for: by `acr_values` as a preference, by the `acr` claim of the ID token, which may
/// be essential (OpenID Connect Core 1.0, 5.5.1.1).
struct AcrWish {
  std::vector<std::uint8_t> levels;  ///< 1 to 3, in the order of preference
  bool essential = false;
  bool impossible = false;  ///< essential, and none of its values is known here

  AcrWish(const ClaimsRequest& claims, std::string_view acr_values);
  bool met_by(std::uint8_t aal) const;
  /// What to ask a person for who can reach `reachable`: the first level within it; nothing when there is none.
  std::optional<std::uint8_t> to_ask(std::uint8_t reachable) const;
  /// What the ID token says of a sign-in of `aal`: the highest level that was asked for as essential and is met, else `aal`.
  std::uint8_t told(std::uint8_t aal) const;
};

}  // namespace authx::oauth
