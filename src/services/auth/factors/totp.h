#pragma once

#include <string>
#include <string_view>

#include "services/auth/auth_core.h"

/// Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, one step of tolerance, each step once.
namespace authx::auth::totp {

struct Enrolment {
  std::string secret;  ///< base32
  std::string uri;     ///< otpauth://, as the key URI format has it
};

/// A new secret, which counts once it is confirmed. `Errc::conflict` when there is a confirmed one.
Result<Enrolment> begin(db::Tx& tx, const Core& core, const Uuid& user, std::string_view email);
/// True when `code` proves that the program has the secret.
Result<bool> confirm(db::Tx& tx, const Core& core, const Uuid& user, std::string_view code);
Result<bool> verify(db::Tx& tx, const Core& core, const Uuid& user, std::string_view code);
Result<bool> enrolled(db::Tx& tx, const Uuid& user);
Result<bool> remove(db::Tx& tx, const Uuid& user);  ///< false when there was none

/// The URI as a QR code, an SVG image.
std::string qr_svg(std::string_view text);

}  // namespace authx::auth::totp
