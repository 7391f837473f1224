#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace authx::providers {

/// Signs `body` with an RSA private key in PEM form: a detached JWS, "header..signature", RS256, `b64` false (RFC 7797).
Result<std::string> sign_detached(const SecretText& private_key_pem, std::string_view key_id, std::string_view body);
/// Checks a detached RS256 JWS over `body`. `Errc::unauthenticated` when it does not hold.
Result<> verify_detached(const std::string& public_key_pem, std::string_view jws, std::string_view body);
/// Error: `Errc::validation` when the PEM holds no RSA key of at least 2048 bits.
Result<> check_private_key(const SecretText& pem);
Result<> check_public_key(const std::string& pem);

}  // namespace authx::providers
