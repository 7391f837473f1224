#include "crypto/password.h"

#include <sodium.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/encoding.h"

namespace authx::crypto {
namespace {

// Bounds on what a stored hash may ask for: a tampered row must not be able to claim all memory or a core for minutes.
constexpr std::uint32_t kMaxMemoryKib = 1024 * 1024;
constexpr std::uint32_t kMaxPasses = 64;
constexpr std::size_t kMaxPassword = 4096;

void initialise() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

std::optional<std::uint32_t> number_after(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return std::nullopt;
  rest.remove_prefix(prefix.size());
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (ec != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

/// The cost that a PHC string names, when the string has the form that `hash_password` makes.
std::optional<PasswordCost> cost_of(std::string_view phc) {
  if (phc.size() >= crypto_pwhash_STRBYTES) return std::nullopt;
  std::string_view rest = phc;
  const auto memory = number_after(rest, "$argon2id$v=19$m=");
  if (!memory) return std::nullopt;
  const auto passes = number_after(rest, ",t=");
  if (!passes) return std::nullopt;
  const auto lanes = number_after(rest, ",p=");
  if (lanes != 1U || !rest.starts_with('$')) return std::nullopt;
  rest.remove_prefix(1);
  const auto split = rest.find('$');
  if (split == std::string_view::npos) return std::nullopt;
  const auto salt = base64_decode(rest.substr(0, split));
  const auto hash = base64_decode(rest.substr(split + 1));
  if (!salt || salt->size() != crypto_pwhash_SALTBYTES || !hash || hash->size() != 32) return std::nullopt;
  if (*memory < 8 || *memory > kMaxMemoryKib || *passes < 1 || *passes > kMaxPasses) return std::nullopt;
  return PasswordCost{*memory, *passes};
}

}  // namespace

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
  if (password.size() > kMaxPassword) return Error::invalid("password", "is too long");
  if (cost.memory_kib < 8 || cost.memory_kib > kMaxMemoryKib || cost.passes < 1 || cost.passes > kMaxPasses) {
    return Error{Errc::internal, "password cost outside 8 KiB..1 GiB, 1..64 passes"};
  }
  initialise();
  std::array<char, crypto_pwhash_STRBYTES> phc{};
  if (crypto_pwhash_str_alg(phc.data(), password.data(), password.size(), cost.passes, std::size_t{cost.memory_kib} * 1024,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error{Errc::overloaded, "no memory for a password hash"};
  }
  return std::string{phc.data()};
}

bool verify_password(std::string_view password, std::string_view phc) {
  if (password.size() > kMaxPassword || !cost_of(phc)) return false;
  initialise();
  const std::string text{phc};
  return crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0;
}

bool needs_rehash(std::string_view phc, const PasswordCost& cost) {
  const auto used = cost_of(phc);
  return !used || used->memory_kib != cost.memory_kib || used->passes != cost.passes;
}

}  // namespace authx::crypto
