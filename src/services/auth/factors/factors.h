#pragma once

#include <string>
#include <vector>

#include "services/auth/factors/codes.h"
#include "services/auth/factors/passkeys.h"
#include "services/auth/factors/recovery.h"
#include "services/auth/factors/totp.h"

namespace authx::auth {

/// The scope of a session that serves to prove a person's identity anew and nothing else.
inline constexpr std::string_view kRecoveryScope = "recovery";

/// The second factors of an account.
struct FactorList {
  bool totp = false;
  int recovery_codes = 0;
  std::vector<passkeys::Passkey> passkeys;
  std::vector<std::string> channels;  ///< email sms face

  /// Whether one of them is more than a message to an address: such a one must stand beside SMS (ASVS 6.6.1).
  bool strong() const noexcept { return totp || !passkeys.empty(); }
  bool any() const noexcept { return strong() || !channels.empty(); }
  /// What a sign-in may be finished with: passkey totp sms email face recovery_code.
  std::vector<std::string> methods() const;
};

Result<FactorList> factors_of(db::Tx& tx, const Uuid& user);
/// The highest assurance that a sign-in to the account can reach: 3 with a passkey that cannot leave its device.
Result<std::uint8_t> reachable_aal(db::Tx& tx, const Uuid& user);
/// Takes all of them away.
Result<> remove_factors(db::Tx& tx, const Uuid& user);

}  // namespace authx::auth
