#include "services/documents/aadhaar_vault.h"

#include "base/random.h"

namespace authx::documents {
namespace {

constexpr db::Query kFind{"vault.find", "SELECT reference FROM aadhaar_vault WHERE user_id = $1 AND number_index = $2"};
constexpr db::Query kInsert{
    "vault.insert",
    "INSERT INTO aadhaar_vault (reference, user_id, number_index, wrapped_key, number, created_at) VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr db::Query kGet{"vault.get", "SELECT wrapped_key, number FROM aadhaar_vault WHERE reference = $1"};
constexpr db::Query kRelease{"vault.release",
                             "DELETE FROM aadhaar_vault WHERE reference = $1 AND NOT EXISTS (SELECT 1 FROM documents WHERE "
                             "number_reference = $1) RETURNING reference"};

std::string context(const Uuid& reference) { return "aadhaar_vault:" + reference.str(); }

/// Version 4: not even the time of the deposit is in it.
Uuid random_reference() {
  Uuid out;
  random_bytes(out.bytes);
  out.bytes[6] = static_cast<std::uint8_t>((out.bytes[6] & 0x0F) | 0x40);
  out.bytes[8] = static_cast<std::uint8_t>((out.bytes[8] & 0x3F) | 0x80);
  return out;
}

}  // namespace

std::optional<AadhaarNumbers> parse_aadhaar_numbers(std::string_view word) {
  if (word == "discard") return AadhaarNumbers::discard;
  if (word == "sealed") return AadhaarNumbers::sealed;
  if (word == "vault") return AadhaarNumbers::vault;
  return std::nullopt;
}

Result<Uuid> vault_put(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user, std::string_view number, Time now) {
  const auto index = keyring.blind_index("aadhaar_vault.number", tx.scope().home(), number);
  AX_TRY(const auto found, tx.exec(kFind, user, index));
  if (!found.empty()) return found[0].uuid(0);
  const auto reference = random_reference();
  const auto key = keyring.new_key();
  AX_CHECK(tx.exec(kInsert, reference, user, index, keyring.wrap(key, context(reference)),
                   crypto::seal_field(key, number, {"aadhaar_vault", "number", reference}), now));
  return reference;
}

Result<SecretText> vault_get(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& reference) {
  AX_TRY(const auto rows, tx.exec(kGet, reference));
  if (rows.empty()) return Errc::not_found;
  AX_TRY(const auto key, keyring.unwrap(rows[0].bytes(0), context(reference)));
  AX_TRY(auto number, crypto::open_field(key, rows[0].bytes(1), {"aadhaar_vault", "number", reference}));
  return SecretText{std::move(number)};
}

Result<bool> vault_release(db::Tx& tx, const Uuid& reference) {
  AX_TRY(const auto removed, tx.exec(kRelease, reference));
  return !removed.empty();
}

}  // namespace authx::documents
