#include "services/auth/factors/totp.h"

#include <ZXing/BarcodeFormat.h>
#include <ZXing/BitMatrix.h>
#include <ZXing/MultiFormatWriter.h>
#include <fmt/format.h>

#include "base/encoding.h"
#include "base/random.h"
#include "crypto/otp.h"
#include "services/users/person_box.h"

namespace authx::auth::totp {
namespace {

constexpr db::Query kBegin{
    "totp.begin",
    "INSERT INTO totp_factors (user_id, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO UPDATE SET secret = $2, "
    "created_at = $3, last_step = NULL WHERE totp_factors.confirmed_at IS NULL RETURNING user_id"};
constexpr db::Query kConfirmed{"totp.confirmed", "SELECT secret FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL"};
constexpr db::Query kUnconfirmed{"totp.unconfirmed", "SELECT secret FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NULL"};
constexpr db::Query kConfirm{"totp.confirm",
                             "UPDATE totp_factors SET confirmed_at = $2, last_step = $3 WHERE user_id = $1 AND confirmed_at IS NULL"};
constexpr db::Query kUse{
    "totp.use", "UPDATE totp_factors SET last_step = $2 WHERE user_id = $1 AND (last_step IS NULL OR last_step < $2) RETURNING user_id"};
constexpr db::Query kRemove{"totp.remove", "DELETE FROM totp_factors WHERE user_id = $1 RETURNING confirmed_at"};

constexpr std::size_t kSecretBytes = 20;  // RFC 4226 section 4, R6

/// The step that `code` is right for.
Result<std::optional<std::int64_t>> match(db::Tx& tx, const Core& core, const Uuid& user, std::string_view code, const db::Query& query) {
  AX_TRY(const auto rows, tx.exec(query, user));
  if (rows.empty()) return std::optional<std::int64_t>{};
  AX_TRY(auto key, users::person_key(tx, core.keyring, user));
  const users::PersonBox box{std::move(key), "totp_factors", user};
  AX_TRY(auto secret, box.open("secret", rows[0].bytes(0)));
  const auto step = crypto::totp_match(as_bytes(secret), code, core.clock.now());
  wipe(secret.data(), secret.size());
  return step;
}

}  // namespace

Result<Enrolment> begin(db::Tx& tx, const Core& core, const Uuid& user, std::string_view email) {
  Bytes secret(kSecretBytes);
  random_bytes(secret);
  AX_TRY(auto key, users::person_key(tx, core.keyring, user));
  const users::PersonBox box{std::move(key), "totp_factors", user};
  AX_TRY(const auto rows, tx.exec(kBegin, user, box.seal("secret", as_text(secret)), core.clock.now()));
  if (rows.empty()) return Errc::conflict;
  Enrolment out;
  out.secret = crypto::base32_encode(secret);
  out.uri = fmt::format("otpauth://totp/AuthX:{}?secret={}&issuer=AuthX&algorithm=SHA1&digits={}&period={}", percent_encode(email),
                        out.secret, crypto::kTotpDigits, crypto::kTotpPeriod);
  return out;
}

Result<bool> confirm(db::Tx& tx, const Core& core, const Uuid& user, std::string_view code) {
  AX_TRY(const auto step, match(tx, core, user, code, kUnconfirmed));
  if (!step) return false;
  AX_CHECK(tx.exec(kConfirm, user, core.clock.now(), *step));
  return true;
}

Result<bool> verify(db::Tx& tx, const Core& core, const Uuid& user, std::string_view code) {
  AX_TRY(const auto step, match(tx, core, user, code, kConfirmed));
  if (!step) return false;
  AX_TRY(const auto rows, tx.exec(kUse, user, *step));  // a code serves once
  return !rows.empty();
}

Result<bool> enrolled(db::Tx& tx, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kConfirmed, user));
  return !rows.empty();
}

Result<bool> remove(db::Tx& tx, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kRemove, user));
  return !rows.empty();
}

std::string qr_svg(std::string_view text) {
  const auto matrix = ZXing::MultiFormatWriter{ZXing::BarcodeFormat::QRCode}.setMargin(0).encode(std::string{text}, 0, 0);
  constexpr int margin = 4;
  std::string path;
  for (int y = 0; y < matrix.height(); ++y)
    for (int x = 0; x < matrix.width(); ++x)
      if (matrix.get(x, y)) path += fmt::format("M{} {}h1v1h-1z", x + margin, y + margin);
  const int size = matrix.width() + 2 * margin;
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{0}v{0}H0z"/><path d="{1}"/></svg>)",
      size, path);
}

}  // namespace authx::auth::totp
