#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/keyring.h"
#include "db/db.h"
#include "engines/document/field.h"
#include "engines/document/reading.h"
#include "services/documents/engine.h"

namespace authx::documents {

/// Whether other accounts gave the same picture or the same document number. Says nothing of who they are.
struct Reuse {
  bool image = false;
  bool number = false;
};

/// The prints of a document's pictures, kept so that equality can be looked up but no print read: each of five bands of the coarse
/// bits is a keyed hash, and the whole is sealed. At most 2,000 pictures of a band are compared.

/// In the transaction that stores the reading.
Result<> keep_prints(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& document, const Uuid& user,
                     const std::vector<PicturePrint>& prints);
Result<Reuse> find_reuse(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& document, const Uuid& user);

/// The keyed index of a document's number: the same number of the same type has the same index, whoever gives it.
Bytes number_index(const db::Tx& tx, const crypto::Keyring& keyring, document::Type type, std::string_view number);

std::vector<document::Finding> reuse_findings(const Reuse& reuse);

}  // namespace authx::documents
