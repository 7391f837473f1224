#include "services/auth/factors/factors.h"

#include <algorithm>

namespace authx::auth {

std::vector<std::string> FactorList::methods() const {
  std::vector<std::string> out;
  if (!passkeys.empty()) out.emplace_back("passkey");
  if (totp) out.emplace_back("totp");
  out.insert(out.end(), channels.begin(), channels.end());
  if (recovery_codes > 0) out.emplace_back("recovery_code");
  return out;
}

Result<FactorList> factors_of(db::Tx& tx, const Uuid& user) {
  FactorList out;
  AX_TRY(out.totp, totp::enrolled(tx, user));
  AX_TRY(out.recovery_codes, recovery::left(tx, user));
  AX_TRY(out.passkeys, passkeys::list(tx, user));
  AX_TRY(out.channels, codes::channels(tx, user));
  return out;
}

Result<std::uint8_t> reachable_aal(db::Tx& tx, const Uuid& user) {
  AX_TRY(const auto factors, factors_of(tx, user));
  if (std::ranges::any_of(factors.passkeys, &passkeys::Passkey::device_bound)) return std::uint8_t{3};
  return factors.any() ? std::uint8_t{2} : std::uint8_t{1};
}

Result<> remove_factors(db::Tx& tx, const Uuid& user) {
  AX_CHECK(totp::remove(tx, user));
  AX_CHECK(recovery::remove(tx, user));
  AX_TRY(const auto keys, passkeys::list(tx, user));
  for (const auto& key : keys) AX_CHECK(passkeys::remove(tx, user, key.id));
  for (const auto* kind : {"email", "sms", "face"}) AX_CHECK(codes::disable(tx, user, kind));
  return {};
}

}  // namespace authx::auth
