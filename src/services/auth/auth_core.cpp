#include "services/auth/auth_core.h"

#include "crypto/hash.h"
#include "services/notifications/outbox.h"

namespace authx::auth {

Result<> Core::tell(db::Tx& tx, const Uuid& user, std::string_view email, std::string_view subject, std::string_view body) const {
  return notifications::add(tx, keyring, clock.now(), user, "email", email, subject, body);
}

Bytes digest_of(std::string_view token) {
  const auto digest = crypto::sha256(as_bytes(token));
  return {digest.begin(), digest.end()};
}

}  // namespace authx::auth
