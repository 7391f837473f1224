#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace authx::crypto {

/// Argon2id (RFC 9106) by libsodium. Defaults: OWASP's minimum, 19 MiB, t=2, p=1.
struct PasswordCost {
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t passes = 2;
};

/// PHC string `$argon2id$v=19$m=…,t=…,p=1$salt$hash`. Takes tens of milliseconds: only on the hash pool.
Result<std::string> hash_password(std::string_view password, const PasswordCost& cost);
bool verify_password(std::string_view password, std::string_view phc);
bool needs_rehash(std::string_view phc, const PasswordCost& cost);

}  // namespace authx::crypto
