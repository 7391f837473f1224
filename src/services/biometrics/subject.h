#pragma once

#include <optional>

#include "crypto/keyring.h"
#include "db/db.h"

namespace authx::biometrics {

/// Whose templates: a pseudonym that only the server's keys lead to.
struct Subject {
  Uuid id;
  crypto::Key key;  ///< seals the subject's templates

  Bytes seal(std::string_view table, std::string_view column, const Uuid& row, BytesView plain) const;
  Result<Bytes> open(std::string_view table, std::string_view column, const Uuid& row, BytesView sealed) const;
};

Uuid subject_id(const crypto::Keyring& keyring, const Uuid& user);
Result<std::optional<Subject>> find_subject(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& subject);
Result<Subject> find_or_create_subject(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user);
/// Error: not_found when the subject is gone.
Result<Uuid> owner_of(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& subject);
/// Deletes subjects whose person's key was destroyed; how many.
Result<std::size_t> sweep_subjects(db::Tx& tx, const crypto::Keyring& keyring);

/// A version 4 UUID, which says nothing of when it was made.
Uuid random_id();

}  // namespace authx::biometrics
