#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "db/db.h"

namespace authx::organizations {

/// A tenant: people, documents, clients, keys and lists of one never meet those of another.
struct Organization {
  Uuid id;
  std::string slug;                   ///< 1 to 63 of a-z, 0-9 and -; names it in the X-Organization header; never changes
  std::string name;                   ///< for people
  std::optional<std::string> domain;  ///< the host whose requests are for it
  Time created_at;
  std::optional<Time> suspended_at;
};

/// Error: validation of `slug` or `domain`.
Result<> check_slug(std::string_view slug);
Result<> check_domain(std::string_view domain);

/// `Errc::conflict` for a slug or domain that is taken.
Result<Organization> create(db::Tx& tx, Time now, Organization what, std::optional<Uuid> by);
Result<std::vector<Organization>> list(db::Tx& tx, std::optional<Uuid> before, std::size_t limit);  ///< newest first
Result<Organization> get(db::Tx& tx, const Uuid& id);                                               ///< `Errc::not_found`
Result<Organization> find(db::Tx& tx, std::string_view slug);                                       ///< `Errc::not_found`
/// Its new name and domain. Errors: not_found, conflict.
Result<> rename(db::Tx& tx, const Organization& changed);
/// Nothing: it goes on. The default organisation is not suspended (`Errc::conflict`): nobody could end that.
Result<> suspend(db::Tx& tx, const Uuid& id, std::optional<Time> since);

/// An account, by what of it is not sealed.
struct Member {
  Uuid id;
  std::string role, status;
  Time created_at;
  std::optional<Time> last_login_at;
};
/// Newest first, of the transaction's organisation.
Result<std::vector<Member>> list_people(db::Tx& tx, std::optional<Uuid> before, std::size_t limit);

/// The id of the organisation that an operator names by its slug; the fault is of `--organization`.
Result<Uuid> resolve(db::Database& database, std::string_view slug);

}  // namespace authx::organizations
