#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "crypto/ed25519.h"
#include "crypto/keyring.h"
#include "services/audit/audit_log.h"

namespace authx::documents {

/// A stored picture that was removed.
struct RemovedObject {
  std::string side;
  std::int64_t page = 1;
  std::string sha256;   ///< hex, of the picture
  bool removed = true;  ///< false: nothing names it any more, and the sweep of orphans takes it
};

/// What a deletion destroyed.
struct Deletion {
  Uuid document_id;
  Time deleted_at;
  std::string image_sha256;    ///< hex, of the files as they were uploaded
  std::string reading_sha256;  ///< hex, of what had been read; empty when nothing was
  std::vector<RemovedObject> objects;
  std::vector<std::pair<std::string, std::int64_t>> rows;  ///< table and how many rows
  audit::Recorded audit;
};

/// The key that signs receipts: derived from the root secret, so that every process of an installation has the same.
Result<crypto::Ed25519> receipt_key(const crypto::Keyring& keyring);

/// A signed statement, JSON: format "authx.deletion.v1", the deletion, the audit entry that tells of it, `public_key` and
/// `signature` (hex; Ed25519 over the members without `signature`, names sorted, no white space).
json::object sign_receipt(const Deletion& deletion, const crypto::Ed25519& key);

/// Checks form, key and signature. `Errc::validation` naming what does not hold.
Result<Deletion> verify_receipt(const json::value& receipt, const crypto::Ed25519& key);

/// The audit entry's details, which the receipt's audit link commits to.
std::string deletion_details(const Deletion& deletion);

}  // namespace authx::documents
