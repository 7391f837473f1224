#include "services/auth/sessions.h"

#include <array>

#include "base/collect.h"
#include "base/encoding.h"
#include "base/random.h"
#include "crypto/hash.h"

namespace authx::auth {
namespace {

#define SESSION_COLUMNS                                                                                                    \
  "id, user_id, parent_id, client_id, scope, binding, device, ip_address, aal, amr, auth_time, created_at, last_used_at, " \
  "idle_expires_at, expires_at, salt, generation, rotated_at, tenant_id"

constexpr db::Query kInsert{
    "sessions.insert",
    "INSERT INTO sessions (id, user_id, parent_id, client_id, scope, binding, salt, generation, device, ip_address, aal, amr, auth_time, "
    "created_at, rotated_at, last_used_at, idle_expires_at, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12, $13, $13, $13, $14, $15)"};
constexpr db::Query kRotate{"sessions.rotate",
                            "UPDATE sessions SET generation = generation + 1, rotated_at = $4, last_used_at = $4, idle_expires_at = $5, "
                            "ip_address = $6 WHERE id = $1 AND generation = $2 AND client_id = $3 AND revoked_at IS NULL AND "
                            "expires_at > $4 AND idle_expires_at > $4 RETURNING " SESSION_COLUMNS};
constexpr db::Query kLive{"sessions.live",
                          "SELECT " SESSION_COLUMNS
                          " FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 AND idle_expires_at > $2"};
constexpr db::Query kList{"sessions.list",
                          "SELECT " SESSION_COLUMNS
                          " FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND idle_expires_at > $2 "
                          "ORDER BY id DESC LIMIT 100"};
constexpr db::Query kStrengthen{"sessions.strengthen", "UPDATE sessions SET amr = $2, aal = $3, auth_time = $4 WHERE id = $1"};
constexpr db::Query kRevoke{
    "sessions.revoke",
    "UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE id = $1 AND revoked_at IS NULL RETURNING id, user_id, client_id"};
constexpr db::Query kRevokeAll{
    "sessions.revoke_all",
    "UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE user_id = $1 AND revoked_at IS NULL RETURNING id, "
    "user_id, client_id"};
constexpr db::Query kRevokeOthers{
    "sessions.revoke_others",
    "UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE user_id = $1 AND id <> $4 AND revoked_at IS NULL RETURNING id, "
    "user_id, client_id"};
constexpr db::Query kRevokeTenant{
    "sessions.revoke_tenant",
    "UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE tenant_id = $1 AND revoked_at IS NULL RETURNING id, user_id, client_id"};
constexpr db::Query kChildren{"sessions.children", "SELECT id, scope FROM sessions WHERE parent_id = $1 AND revoked_at IS NULL"};
constexpr db::Query kSweep{"sessions.sweep", "DELETE FROM sessions WHERE expires_at < $1 OR revoked_at < $1 RETURNING id"};

constexpr std::chrono::days kKept{30};  // of an ended session, for the audit trail's readers

struct Found {
  Session session;
  Bytes salt;
  std::int64_t generation = 0;
  Time rotated_at;
};

Found read(const db::Row& row) {
  Found out;
  Session& s = out.session;
  s.id = row.uuid(0);
  s.user = row.uuid(1);
  s.parent = row.opt_uuid(2);
  s.client_id = row.text(3);
  s.scope = row.text(4);
  s.binding = row.opt_text(5);
  s.device = row.text(6);
  s.ip = row.text(7);
  s.aal = static_cast<std::uint8_t>(row.integer(8));
  s.amr = row.text(9);
  s.auth_time = row.time(10);
  s.created_at = row.time(11);
  s.last_used_at = row.time(12);
  s.expires_at = std::min(row.time(13), row.time(14));
  out.salt = row.bytes(15);
  out.generation = row.integer(16);
  out.rotated_at = row.time(17);
  s.tenant = row.uuid(18);
  return out;
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto space = words.find(' ');
    if (words.substr(0, space) == word) return true;
    words = space == std::string_view::npos ? std::string_view{} : words.substr(space + 1);
  }
  return false;
}

constexpr std::size_t kTokenBytes = 16 + 4 + 32;
constexpr std::string_view kPrefix = "axr_";  // so that scanners for leaked secrets know it

}  // namespace

struct Sessions::Parts {
  Uuid session;
  std::uint32_t generation = 0;
  Bytes mac;
};

Sessions::Sessions(db::Database& database, const Clock& clock, const crypto::Keyring& keyring, const audit::Log& audit,
                   SessionOptions options)
    : clock_(clock),
      audit_(audit),
      options_(options),
      key_(keyring.derive("refresh token")),
      csrf_key_(keyring.derive("csrf")),
      revocations_(database, clock, options.access_lifetime) {}

std::optional<Sessions::Parts> Sessions::parse(std::string_view token) {
  if (!token.starts_with(kPrefix) || token.size() > 100) return std::nullopt;
  const auto bytes = base64url_decode(token.substr(kPrefix.size()));
  if (!bytes || bytes->size() != kTokenBytes) return std::nullopt;
  Parts parts;
  std::copy_n(bytes->begin(), 16, parts.session.bytes.begin());
  for (std::size_t i = 16; i < 20; ++i) parts.generation = parts.generation << 8 | (*bytes)[i];
  parts.mac.assign(bytes->begin() + 20, bytes->end());
  return parts;
}

std::optional<Uuid> Sessions::session_of(std::string_view token) {
  const auto parts = parse(token);
  return parts ? std::optional{parts->session} : std::nullopt;
}

SecretText Sessions::token(const Uuid& session, std::int64_t generation, BytesView salt) const {
  Bytes bytes{session.bytes.begin(), session.bytes.end()};
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(generation >> shift));
  Bytes message = bytes;
  message.insert(message.end(), salt.begin(), salt.end());
  const auto mac = crypto::hmac_sha256(key_.expose(), message);
  bytes.insert(bytes.end(), mac.begin(), mac.end());
  return SecretText{std::string{kPrefix} + base64url_encode(bytes)};
}

bool Sessions::authentic(const Parts& parts, BytesView salt) const {
  const auto wanted = parse(token(parts.session, parts.generation, salt).expose());
  return wanted && crypto::constant_time_equal(wanted->mac, parts.mac);
}

Result<Opened> Sessions::open(db::Tx& tx, const Opening& opening) {
  const auto now = clock_.now();
  const auto id = Uuid::generate(now);
  Bytes salt(16);
  random_bytes(salt);
  const auto auth_time = opening.auth_time.value_or(now);
  const auto expires = now + options_.absolute;
  AX_CHECK(tx.exec(kInsert, id, opening.user, opening.parent, opening.client_id, opening.scope, opening.binding, salt,
                   device_label(opening.request != nullptr ? opening.request->user_agent : ""),
                   opening.request != nullptr ? opening.request->ip : std::string{}, std::int64_t{opening.aal}, opening.amr, auth_time, now,
                   std::min(now + options_.idle, expires), expires));
  return Opened{id, token(id, 1, salt), auth_time, expires};
}

Result<Rotated> Sessions::rotate(db::Tx& tx, std::string_view text, std::string_view client_id, const http::RequestInfo* request) {
  Rotated out;
  const auto parts = parse(text);
  if (!parts) return out;
  const auto now = clock_.now();
  AX_TRY(const auto rows, tx.exec(kRotate, parts->session, std::int64_t{parts->generation}, client_id, now, now + options_.idle,
                                  request != nullptr ? request->ip : std::string{}));
  if (!rows.empty()) {
    auto found = read(rows[0]);
    tx.enter(found.session.tenant);
    if (!authentic(*parts, found.salt)) return Error{Errc::unauthenticated, "refresh token hash"};  // undoes the rotation
    out.outcome = Rotation::done;
    out.refresh_token = token(found.session.id, found.generation, found.salt);
    out.session = std::move(found.session);
    return out;
  }
  AX_TRY(const auto live, tx.exec(kLive, parts->session, now));
  if (live.empty()) return out;
  auto found = read(live[0]);
  tx.enter(found.session.tenant);
  if (found.session.client_id != client_id || !authentic(*parts, found.salt) || parts->generation >= found.generation) return out;
  out.session = std::move(found.session);
  if (parts->generation + 1 == found.generation && now - found.rotated_at <= options_.grace) {
    out.outcome = Rotation::again;
    out.refresh_token = token(out.session.id, found.generation, found.salt);
    return out;
  }
  AX_CHECK(revoke(tx, out.session.id, "reused"));
  AX_CHECK(audit_.append(tx, {out.session.user, "session.token_reused", R"({"session":")" + out.session.id.str() + "\"}", request}));
  out.outcome = Rotation::reused;
  return out;
}

Result<std::optional<Session>> Sessions::inspect(db::Tx& tx, std::string_view text) const {
  const auto parts = parse(text);
  if (!parts) return std::optional<Session>{};
  AX_TRY(const auto rows, tx.exec(kLive, parts->session, clock_.now()));
  if (rows.empty()) return std::optional<Session>{};
  auto found = read(rows[0]);
  if (parts->generation != found.generation || !authentic(*parts, found.salt)) return std::optional<Session>{};
  return std::optional{std::move(found.session)};
}

Result<std::optional<Session>> Sessions::find(db::Tx& tx, const Uuid& id) const {
  AX_TRY(const auto rows, tx.exec(kLive, id, clock_.now()));
  if (rows.empty()) return std::optional<Session>{};
  return std::optional{read(rows[0]).session};
}

Result<std::vector<Session>> Sessions::list(db::Tx& tx, const Uuid& user) const {
  AX_TRY(const auto rows, tx.exec(kList, user, clock_.now()));
  return collect(rows, [](const db::Row& row) { return read(row).session; });
}

Result<> Sessions::strengthen(db::Tx& tx, const Uuid& session, std::string_view amr, std::uint8_t aal, Time auth_time) {
  AX_CHECK(tx.exec(kStrengthen, session, amr, std::int64_t{aal}, auth_time));
  return {};
}

Result<bool> Sessions::revoke(db::Tx& tx, const Uuid& session, std::string_view why) {
  AX_TRY(const auto children, tx.exec(kChildren, session));
  for (const auto& child : children)
    if (!has_word(child.text(1), "offline_access")) AX_CHECK(revoke(tx, child.uuid(0), why));
  AX_TRY(const auto rows, tx.exec(kRevoke, session, clock_.now(), why));
  if (rows.empty()) return false;
  AX_CHECK(ended(tx, rows[0]));
  return true;
}

Result<> Sessions::ended(db::Tx& tx, const db::Row& row) {
  AX_CHECK(revocations_.add(tx, row.uuid(0)));
  if (on_end_ && row.text(2) != kOwnClient) AX_CHECK(on_end_(tx, row.uuid(0), row.uuid(1), row.text(2)));
  return {};
}

Result<int> Sessions::revoke_all(db::Tx& tx, const Uuid& user, std::string_view why, std::optional<Uuid> except) {
  const auto now = clock_.now();
  AX_TRY(const auto rows, except ? tx.exec(kRevokeOthers, user, now, why, *except) : tx.exec(kRevokeAll, user, now, why));
  for (const auto& row : rows) AX_CHECK(ended(tx, row));
  return static_cast<int>(rows.size());
}

Result<std::size_t> Sessions::revoke_tenant(db::Tx& tx, const Uuid& tenant, std::string_view why) {
  AX_TRY(const auto rows, tx.exec(kRevokeTenant, tenant, clock_.now(), why));
  for (const auto& row : rows) AX_CHECK(ended(tx, row));
  return rows.size();
}

Result<std::size_t> Sessions::sweep(db::Tx& tx) {
  AX_TRY(const auto rows, tx.exec(kSweep, clock_.now() - kKept));
  return rows.size();
}

std::string Sessions::csrf_token(const Uuid& session) const {
  return base64url_encode(crypto::hmac_sha256(csrf_key_.expose(), as_bytes(session.str())));
}

std::string device_label(std::string_view agent) {
  const auto has = [&](std::string_view word) { return agent.find(word) != std::string_view::npos; };
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> programs{{{"Edg", "Edge"},
                                                                                    {"OPR/", "Opera"},
                                                                                    {"SamsungBrowser", "Samsung Internet"},
                                                                                    {"Firefox", "Firefox"},
                                                                                    {"FxiOS", "Firefox"},
                                                                                    {"CriOS", "Chrome"},
                                                                                    {"Chrome", "Chrome"},
                                                                                    {"Safari", "Safari"},
                                                                                    {"curl/", "curl"},
                                                                                    {"python-requests", "Python"},
                                                                                    {"okhttp", "Android app"}}};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> systems{{{"Android", "Android"},
                                                                                  {"iPhone", "iPhone"},
                                                                                  {"iPad", "iPad"},
                                                                                  {"Windows", "Windows"},
                                                                                  {"Mac OS X", "macOS"},
                                                                                  {"CrOS", "ChromeOS"},
                                                                                  {"Linux", "Linux"}}};
  std::string out;
  for (const auto& [word, name] : programs)
    if (has(word)) {
      out = name;
      break;
    }
  for (const auto& [word, name] : systems)
    if (has(word)) {
      out += out.empty() ? "" : " on ";
      out += name;
      break;
    }
  return out.empty() ? "Unknown device" : out;
}

}  // namespace authx::auth
