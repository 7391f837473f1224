#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keyring.h"
#include "db/async.h"
#include "http/callers.h"
#include "services/access/roles.h"
#include "services/auth/auth_core.h"
#include "services/scim/filter.h"

namespace authx::scim {

using boost::asio::awaitable;

/// A resource as it is sent, in full.
struct Resource {
  std::string id;
  json::object body;  ///< with id, schemas and meta
  std::string etag;   ///< weak (RFC 7232): of users a hash of what is told, of groups a number
};

struct Query {
  std::string filter;
  std::int64_t start = 1;  ///< from 1
  std::int64_t count = 100;
  std::string attributes, excluded;
};

struct Page {
  std::int64_t total = 0;
  std::int64_t start = 1;
  std::vector<json::object> items;
};

/// A change that applies only to the version that the client has seen (RFC 7644, 3.14).
struct Condition {
  std::string if_match;  ///< empty: any
  bool holds(std::string_view etag) const;
};

/// What happened to a conditional request: nothing when the condition did not hold.
template <class T>
using Conditional = std::optional<T>;

/// A group as administrators see it.
struct GroupBinding {
  Uuid id;
  std::string name;
  std::optional<std::string> role;
  std::int64_t members = 0;
};

/// Accounts and groups as an outside directory keeps them (RFC 7643, 7644).
///
/// A directory sees and changes the accounts that it made, and those that an administrator handed over; an address of any other
/// account is taken. It may always end an account's access, but it neither moves the sign-in address of, nor deletes, one to which an
/// administrator gave permissions beyond a user's and beyond the directory's own: who has the address has the account. It revives only
/// what it disabled. Its groups give nothing until an administrator binds one to a role.
///
/// Attributes are sealed. `userName`, `id` and `externalId` are looked up by index; any other filter reads at most `kScanned` accounts and
/// is refused with `tooMany` when there are more.
class ScimService {
 public:
  static constexpr std::int64_t kScanned = 2000;
  static constexpr std::int64_t kPageSize = 200;
  static constexpr std::int64_t kMostGroups = 10'000;

  struct Parts {
    db::AsyncDatabase& database;
    auth::Core& core;
    access::Roles& roles;
    std::string base;  ///< `https://…/scim/v2`
  };
  explicit ScimService(Parts parts) : p_(std::move(parts)) {}

  awaitable<Result<Resource>> create_user(http::Directory by, json::object document);
  awaitable<Result<Resource>> user(http::Directory by, std::string id);
  awaitable<Result<Page>> users(http::Directory by, Query query);
  awaitable<Result<Conditional<Resource>>> replace_user(http::Directory by, std::string id, json::object document);
  awaitable<Result<Conditional<Resource>>> patch_user(http::Directory by, std::string id, json::object operations);
  awaitable<Result<bool>> delete_user(http::Directory by, std::string id);  ///< false: the condition did not hold

  awaitable<Result<Resource>> create_group(http::Directory by, json::object document);
  awaitable<Result<Resource>> group(Uuid tenant, std::string id);
  awaitable<Result<Page>> groups(Uuid tenant, Query query);
  awaitable<Result<Conditional<Resource>>> replace_group(http::Directory by, std::string id, json::object document);
  awaitable<Result<Conditional<Resource>>> patch_group(http::Directory by, std::string id, json::object operations);
  awaitable<Result<bool>> delete_group(http::Directory by, std::string id);

  /// For administrators: groups and the roles they bring. Nobody binds or unbinds a role beyond their own permissions.
  awaitable<Result<std::vector<GroupBinding>>> bindings(Uuid tenant);
  awaitable<Result<>> bind(http::Principal by, Uuid group, std::optional<std::string> role);
  /// Hands an account over to the directory, or takes it back; nobody one that may do more than they.
  awaitable<Result<>> hand_over(http::Principal by, Uuid user);
  awaitable<Result<>> take_back(http::Principal by, Uuid user);

  const std::string& base() const noexcept { return p_.base; }

 private:
  struct Account;
  struct Group;
  Result<Account> account(db::Tx& tx, std::string_view id) const;
  Result<json::object> told(db::Tx& tx, const Account& account) const;
  Result<Resource> shown(db::Tx& tx, const Account& account) const;
  Result<> store(db::Tx& tx, const Uuid& user, const json::object& profile, bool insert);
  Result<> switch_active(db::Tx& tx, const Account& account, bool active);
  Result<> must_control(db::Tx& tx, const http::Directory& by, const Uuid& user) const;
  Result<Conditional<Resource>> change_user(db::Tx& tx, const http::Directory& by, std::string_view id, const json::object& document,
                                            bool patch);

  Result<Group> find_group(db::Tx& tx, std::string_view id) const;
  Result<std::vector<Uuid>> members(db::Tx& tx, const Uuid& group) const;
  Resource shown(const Group& group, const std::vector<Uuid>* members) const;
  Result<> set_members(db::Tx& tx, const Group& group, const json::object& document);
  Result<Conditional<Resource>> change_group(db::Tx& tx, const http::Directory& by, std::string_view id, const json::object& document,
                                             bool patch);

  Parts p_;
};

}  // namespace authx::scim
