#include "services/access/api_keys.h"

#include <algorithm>

#include "base/collect.h"
#include "base/encoding.h"
#include "base/words.h"
#include "crypto/hash.h"
#include "services/access/granting.h"
#include "services/users/users_service.h"

namespace authx::access {
namespace {

constexpr db::Query kInsertAccount{"service_accounts.insert",
                                   "INSERT INTO service_accounts (id, name, description, permissions, created_by, created_at, tenant_id) "
                                   "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr db::Query kAccounts{
    "service_accounts.list",
    "SELECT id, name, description, permissions, created_at, disabled_at FROM service_accounts WHERE tenant_id = $1 ORDER BY id DESC "
    "LIMIT 500"};
constexpr db::Query kAccount{"service_accounts.get",
                             "SELECT permissions FROM service_accounts WHERE id = $1 AND tenant_id = $2 AND disabled_at IS NULL"};
constexpr db::Query kTaken{"service_accounts.taken", "SELECT id FROM service_accounts WHERE name = $1 AND tenant_id = $2"};
constexpr db::Query kDisable{"service_accounts.disable",
                             "UPDATE service_accounts SET disabled_at = $2 WHERE id = $1 AND tenant_id = $3 AND disabled_at IS "
                             "NULL RETURNING id"};
constexpr db::Query kInsertKey{
    "api_keys.insert",
    "INSERT INTO api_keys (id, account_id, name, hint, secret_hash, permissions, created_by, created_at, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr db::Query kKeys{
    "api_keys.list",
    "SELECT id, account_id, name, hint, permissions, created_at, expires_at, last_used_at, revoked_at FROM api_keys "
    "WHERE account_id = $1 AND account_id IN (SELECT id FROM service_accounts WHERE tenant_id = $2) ORDER BY id DESC LIMIT 500"};
constexpr db::Query kKey{"api_keys.get",
                         "SELECT id, account_id, name, hint, permissions, created_at, expires_at, last_used_at, revoked_at FROM api_keys "
                         "WHERE id = $1 AND account_id IN (SELECT id FROM service_accounts WHERE tenant_id = $2)"};
constexpr db::Query kLookUp{
    "api_keys.look_up",
    "SELECT k.secret_hash, k.account_id, k.permissions, a.permissions, k.expires_at, k.revoked_at, a.disabled_at, a.tenant_id "
    "FROM api_keys k JOIN service_accounts a ON a.id = k.account_id WHERE k.id = $1"};
constexpr db::Query kRevoke{"api_keys.revoke",
                            "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL AND "
                            "account_id IN (SELECT id FROM service_accounts WHERE tenant_id = $3) RETURNING account_id"};
constexpr db::Query kShorten{"api_keys.shorten", "UPDATE api_keys SET expires_at = $2 WHERE id = $1 AND expires_at > $2"};
constexpr db::Query kUsed{"api_keys.used", "UPDATE api_keys SET last_used_at = $2 WHERE id = $1"};

/// Only what exists, and what the caller has: nobody makes an account that may do more than they may.
Result<> may_grant(const http::Principal& by, const std::vector<std::string>& words) {
  AX_TRY(const auto wanted, known_permissions(words));
  return Granter::caller(by).may_give(wanted);
}

Bytes hash_of(std::string_view secret) {
  const auto digest = crypto::sha256(as_bytes(secret));
  return {digest.begin(), digest.end()};
}

ApiKeys::Key key_of(const db::Row& row) {
  return {row.uuid(0), row.uuid(1), row.text(2),     row.text(3),    words_of(row.text(4)),
          row.time(5), row.time(6), row.opt_time(7), row.opt_time(8)};
}

std::string details(const char* name, const Uuid& id) { return json::serialize(json::object{{name, id.str()}}); }

}  // namespace

std::string ApiKeys::check_of(std::string_view head) const {
  const auto mac = crypto::hmac_sha256(check_key_.expose(), as_bytes(head));
  return base64url_encode(BytesView{mac}.first(6));
}

Result<ApiKeys::Known> ApiKeys::look_up(const Uuid& id, Time now) const {
  {
    const std::scoped_lock lock{mutex_};
    if (const auto it = known_.find(id); it != known_.end() && it->second.until > now) return it->second;
  }
  auto read = [&](db::Tx& tx) -> Result<Known> {
    AX_TRY(const auto rows, tx.exec(kLookUp, id));
    Known out;
    out.until = now + std::chrono::seconds{5};
    if (rows.empty()) return out;
    const auto& row = rows[0];
    out.secret_hash = row.bytes(0);
    out.account = row.uuid(1);
    const auto own = http::parse_permissions(row.text(2));
    const auto most = http::parse_permissions(row.text(3));
    for (std::size_t i = 0; i < http::kPermissions; ++i) {
      const auto permission = static_cast<http::Permission>(i);
      if (own.has(permission) && most.has(permission)) out.permissions.add(permission);
    }
    out.expires_at = row.time(4);
    out.live = row.is_null(5) && row.is_null(6);
    out.tenant = row.uuid(7);
    return out;
  };
  AX_TRY(auto found, database_.sync().read(db::Scope::everyone(), read));
  const std::scoped_lock lock{mutex_};
  if (known_.size() >= 10'000) known_.clear();
  known_.insert_or_assign(id, found);
  return found;
}

Result<http::Principal> ApiKeys::authenticate(std::string_view token) const {
  const Error refused{Errc::unauthenticated, "API key"};
  // axk_ | 22 | . | 43 | . | 8
  if (token.size() != 79 || token[26] != '.' || token[70] != '.') return refused;
  if (!crypto::constant_time_equal(as_bytes(check_of(token.substr(0, 70))), as_bytes(token.substr(71)))) return refused;
  const auto raw = base64url_decode(token.substr(4, 22));
  if (!raw || raw->size() != 16) return refused;
  Uuid id;
  std::ranges::copy(*raw, id.bytes.begin());
  const auto now = clock_.now();
  AX_TRY(const auto known, look_up(id, now));
  if (!known.live || known.expires_at <= now || !crypto::constant_time_equal(hash_of(token.substr(27, 43)), known.secret_hash))
    return refused;
  {
    const std::scoped_lock lock{mutex_};
    used_[id] = now;
  }
  http::Principal out;
  out.id = known.account;
  out.request.tenant = known.tenant;
  out.permissions = known.permissions;
  out.delegated = true;
  out.auth_time = now;
  return out;
}

Result<> ApiKeys::note_uses() {
  std::unordered_map<Uuid, Time> used;
  {
    const std::scoped_lock lock{mutex_};
    used.swap(used_);
  }
  if (used.empty()) return {};
  auto write = [&](db::Tx& tx) -> Result<> {
    for (const auto& [id, when] : used) AX_CHECK(tx.exec(kUsed, id, when));
    return {};
  };
  return database_.sync().write(db::Scope::everyone(), write);
}

void ApiKeys::forget() {
  const std::scoped_lock lock{mutex_};
  known_.clear();
}

Result<ApiKeys::Account> ApiKeys::create(db::Tx& tx, const http::Principal& by, std::string name, std::string description,
                                         const std::vector<std::string>& permissions) {
  AX_CHECK(may_grant(by, permissions));
  AX_TRY(const auto taken, tx.exec(kTaken, name, tx.scope().home()));
  if (!taken.empty()) return Errc::conflict;
  const auto now = clock_.now();
  users::NewUser user;
  user.name = name;
  user.email = Uuid::generate(now).str() + "@service.invalid";  // RFC 2606: no mail ever goes there
  AX_TRY(const auto id, users::create(tx, keyring_, now, user));
  AX_CHECK(tx.exec(kInsertAccount, id, name, description, joined(permissions), by.id, now, tx.scope().home()));
  json::object what{{"account_id", id.str()}, {"permissions", joined(permissions)}};
  AX_CHECK(audit_.append(tx, {by.id, "access.service_account_created", json::serialize(what), &by.request}));
  return Account{id, std::move(name), std::move(description), permissions, now, false};
}

Result<std::vector<ApiKeys::Account>> ApiKeys::list(db::Tx& tx) const {
  AX_TRY(const auto rows, tx.exec(kAccounts, tx.scope().home()));
  return collect(rows, [](const db::Row& row) {
    return Account{row.uuid(0), row.text(1), row.text(2), words_of(row.text(3)), row.time(4), !row.is_null(5)};
  });
}

Result<> ApiKeys::disable(db::Tx& tx, const http::Principal& by, const Uuid& account) {
  AX_TRY(const auto rows, tx.exec(kDisable, account, clock_.now(), tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  return audit_.append(tx, {by.id, "access.service_account_disabled", details("account_id", account), &by.request});
}

Result<ApiKeys::NewKey> ApiKeys::insert(db::Tx& tx, const http::Principal& by, const Uuid& account, std::string name,
                                        const std::string& permissions, std::chrono::days lifetime) {
  const auto now = clock_.now();
  const auto id = Uuid::generate(now);
  const auto secret = crypto::random_token(32);
  const auto head = "axk_" + base64url_encode(id.bytes) + "." + secret;
  NewKey out;
  out.key = {id, account, std::move(name), head.substr(0, 12), words_of(permissions), now, now + lifetime, std::nullopt, std::nullopt};
  out.text = SecretText{head + "." + check_of(head)};
  AX_CHECK(tx.exec(kInsertKey, id, account, out.key.name, out.key.hint, hash_of(secret), permissions, by.id, now, out.key.expires_at));
  return out;
}

Result<ApiKeys::NewKey> ApiKeys::add_key(db::Tx& tx, const http::Principal& by, const Uuid& account, std::string name,
                                         const std::optional<std::vector<std::string>>& permissions, std::chrono::days lifetime) {
  AX_TRY(const auto rows, tx.exec(kAccount, account, tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  const auto most = words_of(rows[0].text(0));
  const auto wanted = permissions.value_or(most);
  AX_CHECK(may_grant(by, wanted));
  for (const auto& word : wanted)
    if (std::ranges::find(most, word) == most.end()) return Error::invalid("permissions", "goes beyond the account's");
  AX_TRY(auto made, insert(tx, by, account, std::move(name), joined(wanted), lifetime));
  AX_CHECK(audit_.append(tx, {by.id, "access.api_key_created", details("key_id", made.key.id), &by.request}));
  return made;
}

Result<std::vector<ApiKeys::Key>> ApiKeys::keys(db::Tx& tx, const Uuid& account) const {
  AX_TRY(const auto rows, tx.exec(kKeys, account, tx.scope().home()));
  return collect(rows, &key_of);
}

Result<ApiKeys::NewKey> ApiKeys::rotate(db::Tx& tx, const http::Principal& by, const Uuid& key, std::chrono::hours overlap,
                                        std::chrono::days lifetime) {
  AX_TRY(const auto rows, tx.exec(kKey, key, tx.scope().home()));
  if (rows.empty() || !rows[0].is_null(8)) return Errc::not_found;
  const auto old = key_of(rows[0]);
  AX_CHECK(may_grant(by, old.permissions));
  AX_TRY(const auto account, tx.exec(kAccount, old.account, tx.scope().home()));
  if (account.empty()) return Errc::not_found;
  AX_TRY(auto made, insert(tx, by, old.account, old.name, joined(old.permissions), lifetime));
  AX_CHECK(tx.exec(kShorten, key, clock_.now() + overlap));
  json::object what{{"key_id", key.str()}, {"successor", made.key.id.str()}};
  AX_CHECK(audit_.append(tx, {by.id, "access.api_key_rotated", json::serialize(what), &by.request}));
  return made;
}

Result<> ApiKeys::revoke(db::Tx& tx, const http::Principal& by, const Uuid& key) {
  AX_TRY(const auto rows, tx.exec(kRevoke, key, clock_.now(), tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  return audit_.append(tx, {by.id, "access.api_key_revoked", details("key_id", key), &by.request});
}

Result<> ApiKeys::revoke_by_operator(db::Tx& tx, const Uuid& key) {
  AX_TRY(const auto rows, tx.exec(kRevoke, key, clock_.now(), tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  return audit_.append(tx, {std::nullopt, "access.api_key_revoked_by_operator", details("key_id", key), nullptr});
}

}  // namespace authx::access
