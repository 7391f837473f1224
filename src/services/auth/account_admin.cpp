#include "services/auth/account_service.h"

namespace authx::auth {

Result<users::User> AccountService::within_reach(db::Tx& tx, const http::Principal& admin, const Uuid& user) const {
  AX_TRY(auto found, users::get(tx, core_.keyring, user));
  if (!admin.permissions.has_all(found.permissions)) return Error{Errc::forbidden, "the account may do more than the caller"};
  return found;
}

awaitable<Result<std::vector<users::User>>> AccountService::accounts(http::Principal admin, std::optional<std::string> email,
                                                                     std::optional<Uuid> before, std::size_t limit) {
  auto read = [this, &admin, &email, before, limit](db::Tx& tx) -> Result<std::vector<users::User>> {
    std::vector<Uuid> ids;
    if (email) {
      AX_TRY(const auto found, users::find_login(tx, core_.keyring, *email));
      if (found) ids.push_back(found->id);
    } else {
      AX_TRY(ids, users::list(tx, before, limit));
    }
    std::vector<users::User> out;
    for (const auto& id : ids) {
      AX_TRY(auto user, users::get(tx, core_.keyring, id));
      out.push_back(std::move(user));
    }
    AX_CHECK(core_.audit.append(tx, {admin.id, "user.list_viewed", "{\"count\":" + std::to_string(out.size()) + "}", &admin.request}));
    return out;
  };
  co_return co_await core_.database.write(admin.request.tenant, read);
}

awaitable<Result<AccountService::Detail>> AccountService::account(http::Principal admin, Uuid user) {
  auto read = [this, &admin, user](db::Tx& tx) -> Result<Detail> {
    Detail out;
    AX_TRY(out.user, users::get(tx, core_.keyring, user));
    AX_TRY(out.factors, factors_of(tx, user));
    AX_TRY(out.sessions, core_.sessions.list(tx, user));
    AX_CHECK(core_.audit.append(tx, {admin.id, "user.viewed_by_administrator", R"({"user":")" + user.str() + "\"}", &admin.request}));
    return out;
  };
  co_return co_await core_.database.write(admin.request.tenant, read);
}

awaitable<Result<int>> AccountService::end_sessions(http::Principal admin, Uuid user, std::optional<Uuid> session) {
  auto end = [this, &admin, user, session](db::Tx& tx) -> Result<int> {
    AX_CHECK(within_reach(tx, admin, user));
    int ended = 1;
    if (session) {
      AX_TRY(const auto found, core_.sessions.find(tx, *session));
      if (!found || found->user != user) return Errc::not_found;
      AX_CHECK(core_.sessions.revoke(tx, *session, "revoked"));
    } else {
      AX_TRY(ended, core_.sessions.revoke_all(tx, user, "revoked"));
    }
    AX_CHECK(core_.audit.append(tx, {admin.id, "session.revoked_by_administrator",
                                     R"({"user":")" + user.str() + "\",\"count\":" + std::to_string(ended) + "}", &admin.request}));
    return ended;
  };
  co_return co_await core_.database.write(admin.request.tenant, end);
}

awaitable<Result<>> AccountService::set_status(http::Principal admin, Uuid user, std::string status) {
  auto change = [this, &admin, user, &status](db::Tx& tx) -> Result<> {
    if (user == admin.id) return Errc::conflict;
    AX_TRY(const auto before, within_reach(tx, admin, user));
    AX_CHECK(set_status(tx, core_.sessions, user, status, "administrator", core_.clock.now()));
    return core_.audit.append(
        tx, {admin.id, "user.status_changed",
             R"({"user":")" + user.str() + R"(","before":")" + before.status + R"(","after":")" + status + "\"}", &admin.request});
  };
  co_return co_await core_.database.write(admin.request.tenant, change);
}

}  // namespace authx::auth
