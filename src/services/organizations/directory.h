#pragma once

#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/ticker.h"
#include "base/result.h"
#include "base/uuid.h"
#include "db/db.h"
#include "http/request.h"

namespace authx::organizations {

/// The organisations, in memory: neither telling whose an anonymous request is nor refusing a suspended one asks the database. This
/// process's changes count at once, another's within a second. Thread-safe.
class Directory {
 public:
  explicit Directory(db::Database& database) : database_(database) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  /// Reads them now, then goes on reading on a thread of its own.
  Result<> start();
  struct Known {
    std::unordered_map<Uuid, bool> open;
    std::map<std::string, Uuid, std::less<>> slugs, domains;
  };
  /// What stands in the database; `take` makes it count here, after a commit that changed it.
  static Result<Known> load(db::Tx& tx);
  void take(Known known);

  /// False for a suspended organisation, and for one that is not known.
  bool open(const Uuid& tenant) const;
  /// Whose a request is that nobody signed: the organisation that the header X-Organization names by its slug, else the one that has the
  /// host as its domain, else the default one. Errors: validation for an unknown slug, forbidden for a suspended organisation.
  Result<Uuid> of(const http::RequestHeaders& headers) const;

 private:
  Result<> read();

  db::Database& database_;
  mutable std::shared_mutex mutex_;
  Known known_;
  Ticker ticker_;
};

}  // namespace authx::organizations
