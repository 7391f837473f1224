#include "services/auth/guess_guard.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace authx::auth {
namespace {

constexpr db::Query kFind{"guesses.find", "SELECT failures, last_at, blocked_until FROM guess_counters WHERE key = $1"};
constexpr db::Query kCount{"guesses.count",
                           "INSERT INTO guess_counters (key, failures, last_at, blocked_until) VALUES ($1, 1, $2, $2) "
                           "ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN guess_counters.last_at < $3 THEN 1 "
                           "ELSE guess_counters.failures + 1 END, last_at = $2 RETURNING failures"};
constexpr db::Query kBlock{"guesses.block", "UPDATE guess_counters SET blocked_until = $2 WHERE key = $1"};
constexpr db::Query kForget{"guesses.forget", "DELETE FROM guess_counters WHERE key = $1"};
constexpr db::Query kSweep{"guesses.sweep", "DELETE FROM guess_counters WHERE last_at < $1"};

constexpr int kHeldAtFirst = 64;  // guesses at once while none has failed
constexpr std::chrono::hours kDay{24};

}  // namespace

std::string account_name(const Uuid& tenant, std::string_view email) {
  return tenant == kDefaultTenant ? std::string{email} : tenant.str() + ":" + std::string{email};
}

std::string address_group(std::string_view address) {
  boost::system::error_code ec;
  const auto parsed = boost::asio::ip::make_address(std::string{address}, ec);
  if (ec || parsed.is_v4()) return std::string{address};
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return boost::asio::ip::address_v6{bytes}.to_string();
}

GuessGuard::GuessGuard(const Clock& clock, const crypto::Keyring& keyring, bool limit_addresses)
    : clock_(clock), keyring_(keyring), limit_addresses_(limit_addresses) {}

Bytes GuessGuard::key_of(std::string_view purpose, std::string_view what) const {
  return keyring_.blind_index("guesses." + std::string{purpose}, what);
}

std::vector<GuessLimit> GuessGuard::limits(std::string_view purpose, std::string_view account, const std::optional<Bytes>& device,
                                           std::string_view address) const {
  const std::string kind{purpose};
  const std::string who{account};
  if (device) return {{key_of(kind + ".device", who + "|" + std::string{as_text(*device)})}};
  const auto group = address_group(address);
  std::vector<GuessLimit> out{{key_of(kind + ".account_address", who + "|" + group)}};
  out.push_back({key_of(kind + ".account", who), 50, std::chrono::minutes{5}, kDay});
  if (limit_addresses_) out.push_back({key_of(kind + ".address", group), 100});
  return out;
}

std::vector<GuessLimit> GuessGuard::message_limits(std::string_view account, std::string_view address) const {
  std::vector<GuessLimit> out{{key_of("message.account", account), 5, std::chrono::minutes{15}}};
  if (limit_addresses_) out.push_back({key_of("message.address", address_group(address)), 30, std::chrono::minutes{15}});
  return out;
}

GuessGuard::Hold::Hold(GuessGuard& guard, Bytes key) : guard_(guard), key_(std::move(key)) {
  const std::scoped_lock lock{guard_.mutex_};
  ++guard_.held_[key_];
}

GuessGuard::Hold::~Hold() {
  const std::scoped_lock lock{guard_.mutex_};
  if (const auto it = guard_.held_.find(key_); it != guard_.held_.end() && --it->second == 0) guard_.held_.erase(it);
}

Result<> GuessGuard::admit(db::Tx& tx, const std::vector<GuessLimit>& limits) {
  const auto now = clock_.now();
  for (const auto& limit : limits) {
    AX_TRY(const auto rows, tx.exec(kFind, limit.key));
    int failures = 0;
    auto until = now;
    if (!rows.empty() && rows[0].time(1) >= now - limit.memory) {
      failures = static_cast<int>(rows[0].integer(0));
      until = rows[0].time(2);
    }
    int held = 0;
    {
      const std::scoped_lock lock{mutex_};
      if (const auto it = held_.find(limit.key); it != held_.end()) held = it->second;
    }
    const int room = failures == 0 ? std::max(kHeldAtFirst, limit.free) : std::max(1, limit.free + 1 - failures);
    if (until <= now && held <= room) continue;
    Error error{Errc::rate_limited, "guessing"};
    error.retry_after = std::max(std::chrono::seconds{1}, std::chrono::ceil<std::chrono::seconds>(until - now));
    return error;
  }
  return {};
}

Result<> GuessGuard::failed(db::Tx& tx, const std::vector<GuessLimit>& limits) const {
  const auto now = clock_.now();
  for (const auto& limit : limits) {
    AX_TRY(const auto rows, tx.exec(kCount, limit.key, now, now - limit.memory));
    const auto over = static_cast<int>(rows.at(0).integer(0)) - limit.free;
    if (over < 1) continue;
    const auto delay = std::min(limit.longest, std::chrono::seconds{std::int64_t{1} << std::min(over - 1, 20)});
    AX_CHECK(tx.exec(kBlock, limit.key, now + delay));
  }
  return {};
}

Result<> GuessGuard::succeeded(db::Tx& tx, const std::vector<GuessLimit>& limits) const {
  // An address keeps its count: one right password must not pay for many wrong ones at other accounts.
  for (std::size_t i = 0; i < std::min<std::size_t>(limits.size(), 2); ++i) AX_CHECK(tx.exec(kForget, limits[i].key));
  return {};
}

Result<> GuessGuard::sweep(db::Tx& tx) const {
  AX_CHECK(tx.exec(kSweep, clock_.now() - kDay));
  return {};
}

}  // namespace authx::auth
