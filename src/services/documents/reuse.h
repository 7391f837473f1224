#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/keyring.h"
#include "db/db.h"
#include "engines/document/field.h"
#include "engines/document/reading.h"

namespace authx::documents {

/// Whether other accounts gave the same picture or the same document number. Says nothing of who they are.
struct Reuse {
  bool image = false;
  bool number = false;
};

/// The perceptual hashes of a document's pages, kept so that equality of a band can be looked up but no hash read: each of five
/// bands of the 64 bits is a keyed hash, and the whole is sealed. Two prints that differ in at most four bits share a band.
inline constexpr int kMostBits = 4;

/// In the transaction that stores the reading.
Result<> keep_prints(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& document, const Uuid& user,
                     const std::vector<std::uint64_t>& prints);
Result<Reuse> find_reuse(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& document, const Uuid& user);

/// The keyed index of a document's number: the same number of the same type has the same index, whoever gives it.
Bytes number_index(const crypto::Keyring& keyring, document::Type type, std::string_view number);

std::vector<document::Finding> reuse_findings(const Reuse& reuse);

}  // namespace authx::documents
