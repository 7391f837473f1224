#include "services/auth/known_tokens.h"

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace authx::auth {
namespace {

struct Slot {
  std::uint64_t owner = 0;
  std::string token;
  Time verified{};
  Time expires{};
  http::Principal principal;
};

/// The end of a token is its signature: it spreads well, and whoever makes two meet only makes one of them be verified again.
Slot* slot_of(std::string_view token, bool make) {
  thread_local std::unique_ptr<std::array<Slot, KnownTokens::kSlots>> slots;
  if (token.size() < sizeof(std::uint64_t) || token.size() > KnownTokens::kLongest) return nullptr;
  if (!slots) {
    if (!make) return nullptr;
    slots = std::make_unique<std::array<Slot, KnownTokens::kSlots>>();
  }
  std::uint64_t tail = 0;
  std::memcpy(&tail, token.data() + token.size() - sizeof tail, sizeof tail);
  return &(*slots)[(tail * 0x9E3779B97F4A7C15U) >> 57];
}
static_assert(KnownTokens::kSlots == 1U << (64 - 57));

/// Only the signature is a secret to one who can read a token's claims; how much of it agrees is not told by the time taken.
bool same(std::string_view a, std::string_view b) {
  const auto dot = b.rfind('.');
  if (a.size() != b.size() || dot == std::string_view::npos) return false;
  return a.substr(0, dot) == b.substr(0, dot) && crypto::constant_time_equal(as_bytes(a.substr(dot)), as_bytes(b.substr(dot)));
}

}  // namespace

KnownTokens::KnownTokens() {
  static std::atomic<std::uint64_t> made{0};
  owner_ = ++made;
}

const http::Principal* KnownTokens::find(std::string_view token, Time now) const {
  const auto* slot = slot_of(token, false);
  if (slot == nullptr || slot->owner != owner_ || now < slot->verified || now >= slot->expires || !same(token, slot->token)) return nullptr;
  return &slot->principal;
}

void KnownTokens::keep(std::string_view token, Time now, Time expires, const http::Principal& principal) const {
  auto* slot = slot_of(token, true);
  if (slot == nullptr) return;
  slot->owner = owner_;
  slot->token = token;
  slot->verified = now;
  slot->expires = expires;
  slot->principal = principal;
}

}  // namespace authx::auth
