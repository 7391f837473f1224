#include "base/collect.h"
#include "services/access/api_keys.h"

namespace authx::access {
namespace {

using namespace http;
using Manager = Can<Permission::manage_access>;

struct NewAccountRequest {
  Text<1, 100> name;
  std::optional<Text<0, 500>> description;
  List<Text<1, 40>, 1, 32> permissions;
  static constexpr auto example = R"({"name":"nightly export","permissions":["read_audit"]})";
};
BOOST_DESCRIBE_STRUCT(NewAccountRequest, (), (name, description, permissions))

struct OneAccount {
  Uuid account_id;
};
BOOST_DESCRIBE_STRUCT(OneAccount, (), (account_id))

struct NewKeyRequest {
  Uuid account_id;
  Text<1, 100> name;
  std::optional<List<Text<1, 40>, 1, 32>> permissions;  ///< the account's, when absent
  Int<1, 730> days;
};
BOOST_DESCRIBE_STRUCT(NewKeyRequest, (), (account_id, name, permissions, days))

struct OneKey {
  Uuid key_id;
};
BOOST_DESCRIBE_STRUCT(OneKey, (), (key_id))

struct RotateKeyRequest {
  Uuid key_id;
  Int<1, 730> days;
  std::optional<Int<0, 168>> overlap_hours;  ///< how long the old key goes on
};
BOOST_DESCRIBE_STRUCT(RotateKeyRequest, (), (key_id, days, overlap_hours))

struct AccountView {
  Uuid account_id;
  std::string name, description;
  std::vector<std::string> permissions;
  Time created_at;
  bool disabled = false;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(AccountView, (), (account_id, name, description, permissions, created_at, disabled))

struct AccountList {
  std::vector<AccountView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(AccountList, (), (items))

struct ApiKeyView {
  Uuid key_id, account_id;
  std::string name, hint;
  std::vector<std::string> permissions;
  Time created_at, expires_at;
  std::optional<Time> last_used_at, revoked_at;
  std::optional<std::string> api_key;  ///< in the answer to its making only
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ApiKeyView, (),
                      (key_id, account_id, name, hint, permissions, created_at, expires_at, last_used_at, revoked_at, api_key))

struct ApiKeyViews {
  std::vector<ApiKeyView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ApiKeyViews, (), (items))

struct Said {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Said, (), (message))

std::vector<std::string> words(const List<Text<1, 40>, 1, 32>& in) {
  return collect(in.value, [](const auto& word) { return word.value; });
}

AccountView view(ApiKeys::Account in) {
  return {in.id, std::move(in.name), std::move(in.description), std::move(in.permissions), in.created_at, in.disabled};
}

ApiKeyView view(ApiKeys::Key in) {
  return {in.id,         in.account,    std::move(in.name), std::move(in.hint), std::move(in.permissions),
          in.created_at, in.expires_at, in.last_used_at,    in.revoked_at,      std::nullopt};
}

awaitable<Result<AccountView>> create(ApiKeys& service, const Manager& caller, NewAccountRequest in) {
  const auto permissions = words(in.permissions);
  auto run = [&](db::Tx& tx) {
    return service.create(tx, caller, in.name.value, in.description ? in.description->value : std::string{}, permissions);
  };
  AX_CO_TRY(auto made, co_await service.database().write(caller.request.tenant, run));
  co_return view(std::move(made));
}

awaitable<Result<AccountList>> list(ApiKeys& service, const Manager& caller, Empty) {
  auto run = [&](db::Tx& tx) { return service.list(tx); };
  AX_CO_TRY(auto found, co_await service.database().read(caller.request.tenant, run));
  AccountList out;
  for (auto& account : found) out.items.push_back(view(std::move(account)));
  co_return out;
}

awaitable<Result<Said>> disable(ApiKeys& service, const Manager& caller, OneAccount in) {
  auto run = [&](db::Tx& tx) { return service.disable(tx, caller, in.account_id); };
  AX_CO_CHECK(co_await service.database().write(caller.request.tenant, run));
  service.forget();
  Said out{"The account and its keys are disabled"};
  co_return out;
}

awaitable<Result<ApiKeyView>> add_key(ApiKeys& service, const Manager& caller, NewKeyRequest in) {
  std::optional<std::vector<std::string>> permissions;
  if (in.permissions) permissions = words(*in.permissions);
  auto run = [&](db::Tx& tx) {
    return service.add_key(tx, caller, in.account_id, in.name.value, permissions, std::chrono::days{in.days.value});
  };
  AX_CO_TRY(auto made, co_await service.database().write(caller.request.tenant, run));
  auto out = view(std::move(made.key));
  out.api_key = made.text.expose();
  co_return out;
}

awaitable<Result<ApiKeyViews>> keys(ApiKeys& service, const Manager& caller, OneAccount in) {
  auto run = [&](db::Tx& tx) { return service.keys(tx, in.account_id); };
  AX_CO_TRY(auto found, co_await service.database().read(caller.request.tenant, run));
  ApiKeyViews out;
  for (auto& key : found) out.items.push_back(view(std::move(key)));
  co_return out;
}

awaitable<Result<ApiKeyView>> rotate(ApiKeys& service, const Manager& caller, RotateKeyRequest in) {
  const std::chrono::hours overlap{in.overlap_hours ? in.overlap_hours->value : 0};
  auto run = [&](db::Tx& tx) { return service.rotate(tx, caller, in.key_id, overlap, std::chrono::days{in.days.value}); };
  AX_CO_TRY(auto made, co_await service.database().write(caller.request.tenant, run));
  service.forget();
  auto out = view(std::move(made.key));
  out.api_key = made.text.expose();
  co_return out;
}

awaitable<Result<Said>> revoke(ApiKeys& service, const Manager& caller, OneKey in) {
  auto run = [&](db::Tx& tx) { return service.revoke(tx, caller, in.key_id); };
  AX_CO_CHECK(co_await service.database().write(caller.request.tenant, run));
  service.forget();
  Said out{"The key is revoked"};
  co_return out;
}

About about(std::string_view id, std::string_view summary, int success = 200, std::vector<Errc> errors = {Errc::not_found}) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "Administration";
  out.success = success;
  out.errors = std::move(errors);
  return out;
}

}  // namespace

void add_routes(Router& router, ApiKeys& service) {
  router.post(
      "/admin/service-accounts", service, &create,
      about("createServiceAccount", "Make an account for a program, with at most the caller's own permissions", 201, {Errc::conflict}));
  router.get("/admin/service-accounts", service, &list, about("listServiceAccounts", "Accounts of programs, newest first", 200, {}));
  router.add(Method::del, "/admin/service-accounts/{account_id}", service, &disable,
             about("disableServiceAccount", "Disable an account and all its keys"));
  router.post("/admin/service-accounts/{account_id}/keys", service, &add_key,
              about("createApiKey", "Give an account a key; it is shown once", 201));
  router.get("/admin/service-accounts/{account_id}/keys", service, &keys, about("listApiKeys", "An account's keys, newest first"));
  router.post("/admin/api-keys/{key_id}/rotate", service, &rotate,
              about("rotateApiKey", "A successor for a key, which goes on for the overlap", 201));
  router.add(Method::del, "/admin/api-keys/{key_id}", service, &revoke, about("revokeApiKey", "End a key at once"));
}

}  // namespace authx::access
