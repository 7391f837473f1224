#include "services/auth/factors/recovery.h"

#include <array>

#include "base/random.h"

namespace authx::auth::recovery {
namespace {

constexpr db::Query kInsert{"recovery.insert", "INSERT INTO recovery_codes (user_id, code_hash, created_at) VALUES ($1, $2, $3)"};
constexpr db::Query kUse{
    "recovery.use", "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING user_id"};
constexpr db::Query kLeft{"recovery.left", "SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL"};
constexpr db::Query kRemove{"recovery.remove", "DELETE FROM recovery_codes WHERE user_id = $1"};

constexpr int kCodes = 10;
constexpr std::string_view kAlphabet = "23456789abcdefghjkmnpqrstuvwxyz2";  // 32 places; no look-alikes (2 stands twice)

std::string plain(std::string_view code) {
  std::string out;
  for (const char c : code.substr(0, 64))
    if (c != '-' && c != ' ') out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

Bytes hash(const Core& core, const Uuid& user, std::string_view code) {
  return core.keyring.blind_index("recovery_codes", user.str() + "|" + plain(code));
}

}  // namespace

Result<std::vector<std::string>> issue(db::Tx& tx, const Core& core, const Uuid& user) {
  AX_CHECK(remove(tx, user));
  std::vector<std::string> out;
  for (int i = 0; i < kCodes; ++i) {
    std::array<std::uint8_t, 10> random{};
    random_bytes(random);
    std::string code;
    for (std::size_t j = 0; j < random.size(); ++j) {
      if (j == 5) code += '-';
      code += kAlphabet[random[j] & 31U];
    }
    AX_CHECK(tx.exec(kInsert, user, hash(core, user, code), core.clock.now()));
    out.push_back(std::move(code));
  }
  return out;
}

Result<bool> use(db::Tx& tx, const Core& core, const Uuid& user, std::string_view code) {
  AX_TRY(const auto rows, tx.exec(kUse, user, hash(core, user, code), core.clock.now()));
  return !rows.empty();
}

Result<int> left(db::Tx& tx, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kLeft, user));
  return static_cast<int>(rows.at(0).integer(0));
}

Result<> remove(db::Tx& tx, const Uuid& user) {
  AX_CHECK(tx.exec(kRemove, user));
  return {};
}

}  // namespace authx::auth::recovery
