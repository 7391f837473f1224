#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "db/db.h"
#include "http/request.h"

namespace authx::audit {

/// What happened. `details` is a JSON object of ids, codes and counts: never personal data, for the chain outlives erasure.
struct Entry {
  std::optional<Uuid> user;  ///< who acted, or whom it concerns when nobody was signed in
  std::string_view action;   ///< "document.uploaded"
  std::string details = "{}";
  const http::RequestInfo* request = nullptr;
};

/// Where an entry stands in the chain.
struct Recorded {
  std::uint64_t seq = 0;
  std::string link;  ///< hex
};

/// An entry as it is kept.
struct Kept {
  std::string action, details, link;  ///< link in hex
};

struct VerifyReport {
  std::uint64_t entries = 0;
  bool intact = true;
  std::optional<std::uint64_t> first_bad;  ///< sequence number of the first entry that does not fit
  std::string problem;
};

/// The hash-chained log in `audit_logs`. Each entry's link is a keyed hash over the previous link and the entry; the head is
/// signed in the same transaction, and checkpoints of it are kept in a file apart, so that altering, removing, reordering or
/// cutting off entries shows.
class Log {
 public:
  Log(const Clock& clock, SecretBytes key) : clock_(clock), key_(std::move(key)) {}

  /// In the transaction of the change it tells of, for the transaction's organisation, or the request's when it is for everyone. Take it
  /// last: the head's row is locked until commit.
  Result<> append(db::Tx& tx, const Entry& entry) const;
  /// The same, telling where the entry stands: for receipts that point at it.
  Result<Recorded> record(db::Tx& tx, const Entry& entry) const;
  /// `Errc::not_found` when the log has no such entry.
  Result<Kept> entry(db::Tx& tx, std::uint64_t seq) const;

  /// Walks the whole chain and compares it with the checkpoints in `checkpoint_file` (absent: none to compare).
  Result<VerifyReport> verify(db::Database& database, const std::string& checkpoint_file) const;

  /// Appends the present head to `checkpoint_file`, synced, when it moved since the last line there.
  Result<> checkpoint(db::Database& database, const std::string& checkpoint_file) const;

 private:
  const Clock& clock_;
  SecretBytes key_;
};

}  // namespace authx::audit
