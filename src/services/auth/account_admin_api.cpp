#include "services/auth/auth_api.h"
#include "services/auth/session_item.h"

namespace authx::auth {
namespace {

using namespace http;
using Manager = Can<Permission::manage_users>;

struct UserQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(UserQuery, (), (limit, cursor))

/// A body, since addresses of pages are written into logs.
struct UserSearch {
  Email email;
  static constexpr auto example = R"({"email":"asha@example.org"})";
};
BOOST_DESCRIBE_STRUCT(UserSearch, (), (email))

struct UserItem {
  Uuid user_id;
  std::string name, email, role;
  std::vector<std::string> more_roles;
  std::string status;
  bool email_verified = false;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(UserItem, (), (user_id, name, email, role, more_roles, status, email_verified, created_at))

struct UserList {
  std::vector<UserItem> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(UserList, (), (items, next_cursor))

struct PasskeyDetail {
  Uuid id;
  std::string label;
  Uuid aaguid;                             ///< the authenticator's model, as it says
  std::string attestation;                 ///< none, self, packed (by a maker that is not configured), trusted
  std::optional<std::string> attested_by;  ///< the configured root
  bool device_bound = false;
  bool backed_up = false;
  bool suspected = false;  ///< its counter went back
  Time created_at;
  std::optional<Time> last_used_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PasskeyDetail, (),
                      (id, label, aaguid, attestation, attested_by, device_bound, backed_up, suspected, created_at, last_used_at))

struct UserDetail {
  UserItem account;
  bool totp = false;
  std::int64_t recovery_codes_left = 0;
  std::vector<std::string> channels;
  std::vector<PasskeyDetail> passkeys;
  std::vector<SessionItem> sessions;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(UserDetail, (), (account, totp, recovery_codes_left, channels, passkeys, sessions))

struct OneUser {
  Uuid user_id;
};
BOOST_DESCRIBE_STRUCT(OneUser, (), (user_id))

struct OneUserSession {
  Uuid user_id;
  Uuid session_id;
};
BOOST_DESCRIBE_STRUCT(OneUserSession, (), (user_id, session_id))

enum class AccountStatus { active, locked, disabled };
BOOST_DESCRIBE_ENUM(AccountStatus, active, locked, disabled)
struct StatusChange {
  Uuid user_id;
  AccountStatus status = AccountStatus::active;
  static constexpr auto example = R"({"status":"disabled"})";
};
BOOST_DESCRIBE_STRUCT(StatusChange, (), (user_id, status))

struct StatusChanged {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(StatusChanged, (), (message))

UserItem item_of(users::User user) {
  return {user.id,
          std::move(user.name),
          std::move(user.email),
          std::string{to_string(user.role)},
          std::move(user.more_roles),
          std::move(user.status),
          user.email_verified,
          user.created_at};
}

awaitable<Result<UserList>> list(AccountService& service, const Manager& caller, UserQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  AX_CO_TRY(auto found, co_await service.accounts(caller, std::nullopt, in.cursor, limit + 1));
  UserList out;
  if (found.size() > limit) {
    found.pop_back();
    out.next_cursor = found.back().id;
  }
  for (auto& user : found) out.items.push_back(item_of(std::move(user)));
  co_return out;
}

awaitable<Result<UserList>> search(AccountService& service, const Manager& caller, UserSearch in) {
  AX_CO_TRY(auto found, co_await service.accounts(caller, std::move(in.email.value), std::nullopt, 1));
  UserList out;
  for (auto& user : found) out.items.push_back(item_of(std::move(user)));
  co_return out;
}

awaitable<Result<UserDetail>> get(AccountService& service, const Manager& caller, OneUser in) {
  AX_CO_TRY(auto found, co_await service.account(caller, in.user_id));
  UserDetail out;
  out.account = item_of(std::move(found.user));
  out.totp = found.factors.totp;
  out.recovery_codes_left = found.factors.recovery_codes;
  out.channels = std::move(found.factors.channels);
  for (auto& key : found.factors.passkeys)
    out.passkeys.push_back({key.id, std::move(key.label), key.aaguid, std::move(key.attestation), std::move(key.attested_by),
                            key.device_bound, key.backed_up, key.suspected_at.has_value(), key.created_at, key.last_used_at});
  for (auto& session : found.sessions) out.sessions.push_back(auth::item_of(std::move(session), caller.session));
  co_return out;
}

awaitable<Result<SessionsEnded>> end_session(AccountService& service, const Manager& caller, OneUserSession in) {
  AX_CO_TRY(const int ended, co_await service.end_sessions(caller, in.user_id, in.session_id));
  SessionsEnded out{ended};
  co_return out;
}

awaitable<Result<SessionsEnded>> end_sessions(AccountService& service, const Manager& caller, OneUser in) {
  AX_CO_TRY(const int ended, co_await service.end_sessions(caller, in.user_id, std::nullopt));
  SessionsEnded out{ended};
  co_return out;
}

awaitable<Result<StatusChanged>> set_status(AccountService& service, const Manager& caller, StatusChange in) {
  AX_CO_CHECK(co_await service.set_status(caller, in.user_id, std::string{enum_name(in.status)}));
  StatusChanged out{"The account's status is changed"};
  co_return out;
}

About about(std::string_view id, std::string_view summary, std::vector<Errc> errors = {Errc::not_found}) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "Administration";
  out.errors = std::move(errors);
  return out;
}

}  // namespace

void add_account_admin_routes(Router& router, AccountService& service) {
  router.get("/admin/users", service, &list, about("listAccounts", "Accounts, newest first", {}));
  router.post("/admin/users/search", service, &search,
              about("searchAccounts", "The account that has an e-mail address, if there is one", {}));
  router.get("/admin/users/{user_id}", service, &get, about("getAccount", "An account with its second factors and live sessions"));
  router.add(Method::del, "/admin/users/{user_id}/sessions/{session_id}", service, &end_session,
             about("endAccountSession", "End one of an account's sessions"));
  router.add(Method::del, "/admin/users/{user_id}/sessions", service, &end_sessions,
             about("endAccountSessions", "Sign an account out everywhere"));
  router.post("/admin/users/{user_id}/status", service, &set_status,
              about("setAccountStatus", "Lock, disable or activate an account; what is not active is signed out at once",
                    {Errc::not_found, Errc::conflict}));
}

}  // namespace authx::auth
