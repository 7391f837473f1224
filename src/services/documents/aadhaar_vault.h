#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "crypto/keyring.h"
#include "db/db.h"

namespace authx::documents {

/// What becomes of a whole Aadhaar number once it was read.
enum class AadhaarNumbers {
  discard,  ///< only the last four digits and a keyed index are kept
  sealed,   ///< sealed with the person's key beside the document
  vault,    ///< a random reference beside the document, the number apart (UIDAI circular K-11020/205/2017: Aadhaar Data Vault)
};
std::optional<AadhaarNumbers> parse_aadhaar_numbers(std::string_view word);

/// Deposits a number and returns its reference; the same number of the same person has one reference.
Result<Uuid> vault_put(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user, std::string_view number, Time now);
/// The number behind a reference. The caller writes an audit entry in the same transaction.
Result<SecretText> vault_get(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& reference);
/// Removes the entry unless a document still refers to it. True when it was removed.
Result<bool> vault_release(db::Tx& tx, const Uuid& reference);

}  // namespace authx::documents
