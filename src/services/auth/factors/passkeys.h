#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/auth/auth_core.h"
#include "services/users/users_service.h"

/// Passkeys (W3C Web Authentication): their challenges and keys. `webauthn.h` checks what browsers send.
namespace authx::auth::passkeys {

struct Passkey {
  Uuid id;
  std::string label;
  bool backed_up = false;
  Time created_at;
  std::optional<Time> last_used_at, suspected_at;
  bool device_bound = false;               ///< cannot leave its device, as the device says
  Uuid aaguid;                             ///< the authenticator's model, as it says; nil for none
  std::string attestation;                 ///< `webauthn::Attestation::kind`
  std::optional<std::string> attested_by;  ///< the configured root that vouches for it
};

/// What `navigator.credentials.create` is called with, as PublicKeyCredentialCreationOptionsJSON. Keys that the account has are excluded.
Result<std::string> creation_options(db::Tx& tx, const Core& core, const users::User& user);

struct NewPasskey {
  Bytes client_data, attestation_object;
  std::vector<std::string> transports;
  std::string label;
};
/// Errors: validation on "credential"; conflict for a key that is known already.
Result<Uuid> add(db::Tx& tx, const Core& core, const Uuid& user, const NewPasskey& credential);

/// What `navigator.credentials.get` is called with, as PublicKeyCredentialRequestOptionsJSON: for anyone's keys, or for those of one
/// account as its second factor.
Result<std::string> request_options(db::Tx& tx, const Core& core, std::optional<Uuid> user);

struct Assertion {
  Bytes credential_id, client_data, authenticator_data, signature;
  std::optional<Bytes> user_handle;
};
struct Used {
  Uuid tenant;  ///< of the user
  Uuid user, passkey;
  bool verified = false;      ///< by PIN or biometrics on the device
  bool device_bound = false;  ///< the key can't leave its device, as the device says
  bool suspected = false;     ///< its counter went back: refuse, and tell the owner
};
/// Uses the challenge up. `user`: whose key it must be; empty: whose it is comes out, and the user must have been verified.
/// Error: invalid_credentials.
Result<Used> use(db::Tx& tx, const Core& core, std::optional<Uuid> user, const Assertion& assertion);

Result<std::vector<Passkey>> list(db::Tx& tx, const Uuid& user);
Result<bool> remove(db::Tx& tx, const Uuid& user, const Uuid& passkey);

}  // namespace authx::auth::passkeys
