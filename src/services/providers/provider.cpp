#include "services/providers/provider.h"

namespace authx::providers {

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::aadhaar: return "aadhaar";
    case Kind::pan: return "pan";
    case Kind::driving_license: return "driving_license";
    case Kind::voter_id: return "voter_id";
    case Kind::passport: return "passport";
  }
  return "pan";
}

std::optional<Kind> kind_of(std::string_view type) noexcept {
  for (const auto kind : kKinds)
    if (to_string(kind) == type) return kind;
  return std::nullopt;
}

std::string_view to_string(Answer answer) noexcept {
  switch (answer) {
    case Answer::confirmed: return "confirmed";
    case Answer::refuted: return "refuted";
    case Answer::unknown: return "unknown";
    case Answer::not_checked: return "not_checked";
  }
  return "not_checked";
}

Provider* Registry::find(Kind kind) const noexcept {
  for (const auto& p : providers_)
    if (p->kind() == kind) return p.get();
  return nullptr;
}

}  // namespace authx::providers
