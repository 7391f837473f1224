#include "services/auth/factors/codes.h"

#include <fmt/format.h>

#include <array>

#include "base/random.h"
#include "crypto/hash.h"
#include "services/notifications/outbox.h"

namespace authx::auth::codes {
namespace {

constexpr db::Query kReplace{"codes.replace", "DELETE FROM one_time_codes WHERE bound_to = $1"};
constexpr db::Query kInsert{
    "codes.insert",
    "INSERT INTO one_time_codes (id, user_id, purpose, bound_to, channel, code_hash, failures, created_at, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)"};
constexpr db::Query kTry{"codes.try",
                         "UPDATE one_time_codes SET failures = failures + 1 WHERE bound_to = $1 AND user_id = $2 AND purpose = $3 AND "
                         "failures < $5 AND used_at IS NULL AND expires_at > $4 RETURNING id, code_hash"};
constexpr db::Query kUse{"codes.use", "UPDATE one_time_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL RETURNING id"};
constexpr db::Query kChannels{"channels.list", "SELECT kind FROM channel_factors WHERE user_id = $1 ORDER BY kind"};
constexpr db::Query kEnable{
    "channels.enable",
    "INSERT INTO channel_factors (user_id, kind, created_at) VALUES ($1, $2, $3) ON CONFLICT (user_id, kind) DO NOTHING"};
constexpr db::Query kDisable{"channels.disable", "DELETE FROM channel_factors WHERE user_id = $1 AND kind = $2 RETURNING kind"};

constexpr int kTries = 5;

std::string random_code() {
  while (true) {
    std::array<std::uint8_t, 4> bytes{};
    random_bytes(bytes);
    const std::uint32_t value = std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
    if (value < 4'294'000'000U) return fmt::format("{:06}", value % 1'000'000U);  // the rest would favour low numbers
  }
}

Bytes hash(const Core& core, const Bytes& bound_to, std::string_view code) {
  return core.keyring.blind_index("one_time_codes", std::string{as_text(bound_to)} + "|" + std::string{code});
}

}  // namespace

std::string_view to_string(Channel channel) noexcept { return channel == Channel::email ? "email" : "sms"; }

Result<> send(db::Tx& tx, Core& core, const users::User& user, std::string_view purpose, const Bytes& bound_to, Channel channel,
              const http::RequestInfo& request, std::optional<std::string> to) {
  if (!to) to = channel == Channel::email ? std::optional{user.email} : user.phone;
  if (!to) return Errc::conflict;
  const auto limits = core.guesses.message_limits(user.id.str(), request.ip);
  AX_CHECK(core.guesses.admit(tx, limits));
  AX_CHECK(core.guesses.failed(tx, limits));
  const auto now = core.clock.now();
  const auto code = random_code();
  AX_CHECK(tx.exec(kReplace, bound_to));
  AX_CHECK(tx.exec(kInsert, Uuid::generate(now), user.id, purpose, bound_to, to_string(channel), hash(core, bound_to, code), now,
                   now + core.options.code_lifetime));
  AX_CHECK(notifications::add(tx, core.keyring, now, user.id, to_string(channel), *to, "Your AuthX code",
                              code + " is your code. It is valid for ten minutes. Nobody from AuthX asks for it."));
  return core.audit.append(
      tx, {user.id, "auth.code_sent", fmt::format(R"({{"channel":"{}","purpose":"{}"}})", to_string(channel), purpose), &request});
}

Result<bool> verify(db::Tx& tx, const Core& core, const Uuid& user, std::string_view purpose, const Bytes& bound_to,
                    std::string_view code) {
  const auto now = core.clock.now();
  AX_TRY(const auto rows, tx.exec(kTry, bound_to, user, purpose, now, kTries));
  if (rows.empty() || !crypto::constant_time_equal(rows[0].bytes(1), hash(core, bound_to, code))) return false;
  AX_TRY(const auto used, tx.exec(kUse, rows[0].uuid(0), now));
  return !used.empty();
}

Result<std::vector<std::string>> channels(db::Tx& tx, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kChannels, user));
  std::vector<std::string> out;
  for (const auto& row : rows) out.push_back(row.text(0));
  return out;
}

Result<> enable(db::Tx& tx, const Core& core, const Uuid& user, std::string_view kind) {
  AX_CHECK(tx.exec(kEnable, user, kind, core.clock.now()));
  return {};
}

Result<bool> disable(db::Tx& tx, const Uuid& user, std::string_view kind) {
  AX_TRY(const auto rows, tx.exec(kDisable, user, kind));
  return !rows.empty();
}

}  // namespace authx::auth::codes
