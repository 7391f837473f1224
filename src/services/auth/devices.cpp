#include "services/auth/devices.h"

#include "crypto/hash.h"

namespace authx::auth::devices {
namespace {

constexpr db::Query kKnown{"devices.known", "SELECT 1 FROM known_devices WHERE token_hash = $1 AND user_id = $2"};
constexpr db::Query kTouch{"devices.touch", "UPDATE known_devices SET last_seen_at = $2 WHERE token_hash = $1"};
constexpr db::Query kInsert{
    "devices.insert", "INSERT INTO known_devices (token_hash, user_id, label, first_seen_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)"};
constexpr db::Query kForget{"devices.forget", "DELETE FROM known_devices WHERE user_id = $1"};
constexpr db::Query kSeen{
    "devices.seen",
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE user_id = $1) THEN 1 ELSE 0 END, "
    "CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE user_id = $1 AND device = $2 AND ip_address = $3) THEN 1 ELSE 0 END"};

/// Where the person was: a client's session has the address of the client's server.
constexpr db::Query kLastSeen{
    "devices.last_seen", "SELECT ip_address, last_used_at FROM sessions WHERE user_id = $1 AND client_id = $2 ORDER BY id DESC LIMIT 10"};

}  // namespace

Result<std::optional<Bytes>> known(db::Tx& tx, const Uuid& user, std::string_view token) {
  if (token.empty()) return std::optional<Bytes>{};
  auto hash = digest_of(token);
  AX_TRY(const auto rows, tx.exec(kKnown, hash, user));
  return rows.empty() ? std::optional<Bytes>{} : std::optional{std::move(hash)};
}

Result<SecretText> remember(db::Tx& tx, const Core& core, const Uuid& user, const std::optional<Bytes>& device, std::string_view label) {
  const auto now = core.clock.now();
  if (device) {
    AX_CHECK(tx.exec(kTouch, *device, now));
    return SecretText{};
  }
  SecretText token{crypto::random_token()};
  AX_CHECK(tx.exec(kInsert, digest_of(token.expose()), user, label, now));
  return token;
}

Result<bool> is_new(db::Tx& tx, const Uuid& user, const http::RequestInfo& request) {
  AX_TRY(const auto rows, tx.exec(kSeen, user, device_label(request.user_agent), request.ip));
  return rows.at(0).integer(0) > 0 && rows[0].integer(1) == 0;
}

Result<std::optional<Travel>> impossible(db::Tx& tx, const Places& places, const Uuid& user, const http::RequestInfo& request, Time now) {
  const auto here = places.of(request.ip);
  if (!here) return std::optional<Travel>{};
  AX_TRY(const auto rows, tx.exec(kLastSeen, user, kOwnClient));
  const db::Row* last = nullptr;
  for (const auto& row : rows)
    if (last == nullptr || row.time(1) > last->time(1)) last = &row;
  if (last == nullptr) return std::optional<Travel>{};
  const auto there = places.of(last->text(0));
  const auto within = std::chrono::duration_cast<std::chrono::seconds>(now - last->time(1));
  if (!there || !impossible_travel(*there, *here, within)) return std::optional<Travel>{};
  return std::optional{Travel{there->country, here->country, least_distance_km(*there, *here), within}};
}

Result<> forget_all(db::Tx& tx, const Uuid& user) {
  AX_CHECK(tx.exec(kForget, user));
  return {};
}

}  // namespace authx::auth::devices
