#include "engines/document/reading.h"

#include <algorithm>

namespace authx::document {

std::string_view to_string(Type type) noexcept {
  switch (type) {
    case Type::unknown: return "unknown";
    case Type::aadhaar: return "aadhaar";
    case Type::pan: return "pan";
    case Type::passport: return "passport";
    case Type::mrz_card: return "mrz_card";
    case Type::driving_license: return "driving_license";
    case Type::voter_id: return "voter_id";
  }
  return "unknown";
}

std::string_view to_string(DeclaredType type) noexcept {
  switch (type) {
    case DeclaredType::other: return "other";
    case DeclaredType::aadhaar: return "aadhaar";
    case DeclaredType::pan: return "pan";
    case DeclaredType::passport: return "passport";
    case DeclaredType::driving_license: return "driving_license";
    case DeclaredType::voter_id: return "voter_id";
  }
  return "other";
}

std::optional<DeclaredType> parse_declared_type(std::string_view text) {
  if (text == "aadhar") return DeclaredType::aadhaar;
  for (const auto t : {DeclaredType::other, DeclaredType::aadhaar, DeclaredType::pan, DeclaredType::passport, DeclaredType::driving_license,
                       DeclaredType::voter_id}) {
    if (to_string(t) == text) return t;
  }
  return std::nullopt;
}

std::string_view to_string(Source source) noexcept { return source == Source::printed ? "printed" : source == Source::mrz ? "mrz" : "qr"; }
std::string_view to_string(Side side) noexcept { return side == Side::front ? "front" : "back"; }
std::string_view to_string(Outcome outcome) noexcept {
  return outcome == Outcome::passed ? "passed" : outcome == Outcome::failed ? "failed" : "not_checked";
}

std::string_view to_string(QrState state) noexcept {
  switch (state) {
    case QrState::absent: return "absent";
    case QrState::unreadable: return "unreadable";
    case QrState::present: return "present";
    case QrState::unsigned_legacy: return "unsigned_legacy";
    case QrState::signature_invalid: return "signature_invalid";
    case QrState::unverified: return "unverified";
    case QrState::verified: return "verified";
  }
  return "absent";
}

const Field* Reading::find(std::string_view field) const {
  const auto it = std::ranges::find(fields, field, &Field::name);
  return it == fields.end() ? nullptr : &*it;
}

const Finding* Reading::finding(std::string_view id) const {
  const auto it = std::ranges::find(findings, id, &Finding::id);
  return it == findings.end() ? nullptr : &*it;
}

bool Reading::has_failures() const {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.outcome == Outcome::failed; });
}

}  // namespace authx::document
