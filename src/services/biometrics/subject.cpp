#include "services/biometrics/subject.h"

#include <algorithm>

#include "base/random.h"
#include "services/users/person_box.h"

namespace authx::biometrics {
namespace {

constexpr db::Query kFind{"biometrics.find_subject",
                          "SELECT wrapped_key FROM biometric_subjects WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kInsert{
    "biometrics.insert_subject",
    "INSERT INTO biometric_subjects (id, wrapped_key, owner, tenant_id) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO "
    "NOTHING"};
constexpr db::Query kOwner{"biometrics.owner", "SELECT owner FROM biometric_subjects WHERE id = $1"};
constexpr db::Query kAll{"biometrics.all_subjects", "SELECT id FROM biometric_subjects"};
constexpr db::Query kDelete{"biometrics.delete_subject", "DELETE FROM biometric_subjects WHERE id = $1"};
constexpr db::Query kDeleteAttempts{"biometrics.delete_attempts", "DELETE FROM biometric_attempts WHERE subject_id = $1"};

std::string context(const Uuid& subject) { return "biometric subject:" + subject.str(); }

Uuid marked(Uuid id, std::uint8_t version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | version << 4);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace

Bytes Subject::seal(std::string_view table, std::string_view column, const Uuid& row, BytesView plain) const {
  return crypto::seal_field(key, as_text(plain), {table, column, row});
}

Result<Bytes> Subject::open(std::string_view table, std::string_view column, const Uuid& row, BytesView sealed) const {
  AX_TRY(const auto text, crypto::open_field(key, sealed, {table, column, row}));
  return to_bytes(text);
}

Uuid subject_id(const crypto::Keyring& keyring, const Uuid& user) {
  const Bytes index = keyring.blind_index("biometrics.subject", user.str());
  Uuid id;
  std::copy_n(index.begin(), id.bytes.size(), id.bytes.begin());
  return marked(id, 8);
}

Result<std::optional<Subject>> find_subject(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& subject) {
  AX_TRY(const auto rows, tx.exec(kFind, subject, tx.scope().only()));
  if (rows.empty()) return std::optional<Subject>{};
  AX_TRY(auto key, keyring.unwrap(rows[0].bytes(0), context(subject)));
  return std::optional{Subject{subject, std::move(key)}};
}

Result<Subject> find_or_create_subject(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user) {
  const auto id = subject_id(keyring, user);
  AX_TRY(auto found, find_subject(tx, keyring, id));
  if (found) return std::move(*found);
  Subject s{id, keyring.new_key()};
  const auto owner = user.str();
  AX_CHECK(tx.exec(kInsert, id, keyring.wrap(s.key, context(id)), s.seal("biometric_subjects", "owner", id, as_bytes(owner)),
                   tx.scope().home()));
  AX_TRY(auto stored, find_subject(tx, keyring, id));  // another transaction may have been first
  if (!stored) return Error{Errc::internal, "biometric subject"};
  return std::move(*stored);
}

Result<Uuid> owner_of(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& subject) {
  AX_TRY(const auto found, find_subject(tx, keyring, subject));
  if (!found) return Errc::not_found;
  AX_TRY(const auto rows, tx.exec(kOwner, subject));
  AX_TRY(const auto text, found->open("biometric_subjects", "owner", subject, rows.at(0).bytes(0)));
  const auto owner = Uuid::parse(as_text(text));
  if (!owner) return Error{Errc::internal, "biometric subject's owner"};
  return *owner;
}

Result<std::size_t> sweep_subjects(db::Tx& tx, const crypto::Keyring& keyring) {
  AX_TRY(const auto rows, tx.exec(kAll));
  std::size_t removed = 0;
  for (const auto& row : rows) {
    const auto subject = row.uuid(0);
    AX_TRY(const auto owner, owner_of(tx, keyring, subject));
    const auto key = users::person_key(tx, keyring, owner);
    if (key) continue;
    if (key.error().code != Errc::not_found) return key.error();
    AX_CHECK(tx.exec(kDelete, subject));
    AX_CHECK(tx.exec(kDeleteAttempts, subject));
    ++removed;
  }
  return removed;
}

Uuid random_id() {
  Uuid id;
  random_bytes(id.bytes);
  return marked(id, 4);
}

}  // namespace authx::biometrics
