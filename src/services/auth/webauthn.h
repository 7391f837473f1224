#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/uuid.h"
#include "services/auth/attestation.h"

/// Checking what authenticators and browsers say (W3C Web Authentication Level 3), apart from where it is stored. Pure functions.
namespace authx::auth::webauthn {

struct RelyingParty {
  std::string id;                    ///< a domain: authenticators bind their keys to it
  std::vector<std::string> origins;  ///< that may use them, exactly ("https://id.example.org")
  AttestationPolicy attestation = AttestationPolicy::none;
  std::shared_ptr<const AttestationRoots> roots = nullptr;  ///< none: no maker is trusted
};

/// What the browser collected (section 5.8.1).
struct ClientData {
  std::string type, origin;
  Bytes challenge;
  bool cross_origin = false;
};
/// At most 4 KiB of JSON.
Result<ClientData> parse_client_data(BytesView json);

/// The key that an authenticator made (section 6.5.2).
struct Credential {
  Uuid aaguid;
  Bytes id;          ///< 16 to 1023 bytes
  Bytes public_key;  ///< COSE_Key
};

/// Section 6.1.
struct AuthenticatorData {
  Bytes rp_id_hash;
  bool user_present = false, user_verified = false, backup_eligible = false, backed_up = false;
  std::uint32_t sign_count = 0;
  std::optional<Credential> credential;
};
/// At most 16 KiB; nothing may follow what the flags announce.
Result<AuthenticatorData> parse_authenticator_data(BytesView in);

/// How a new key was vouched for: none; self (by itself); packed (by a certificate of the right form that nobody here knows); trusted (by
/// one whose chain ends at a configured root).
struct Attestation {
  std::string kind;
  std::optional<std::string> root;  ///< its name, when trusted
};

struct Registration {
  AuthenticatorData data;  ///< with a credential
  Attestation attestation;
};

/// Section 7.1. The challenge in `client_data` is the caller's to check. Formats: none, packed (8.2: self or with certificates).
/// Error: validation on "credential".
Result<Registration> check_registration(const RelyingParty& party, BytesView client_data, BytesView attestation_object, bool need_verified,
                                        Time now);

/// Section 7.2, for the credential with `public_key`. Error: `Errc::invalid_credentials`; the detail says which check failed.
Result<AuthenticatorData> check_assertion(const RelyingParty& party, BytesView client_data, BytesView authenticator_data,
                                          BytesView signature, BytesView public_key, bool need_verified);

/// False when a counter that counts did not grow: the authenticator may have been copied (section 6.1.1).
bool counter_plausible(std::int64_t stored, std::uint32_t now) noexcept;

}  // namespace authx::auth::webauthn
