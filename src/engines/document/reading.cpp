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
    case Type::aamva_license: return "aamva_license";
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

std::string_view to_string(Source source) noexcept {
  switch (source) {
    case Source::printed: return "printed";
    case Source::mrz: return "mrz";
    case Source::qr: return "qr";
    case Source::pdf417: return "pdf417";
    case Source::chip: return "chip";
    case Source::file: return "file";
  }
  return "printed";
}
std::string_view to_string(Side side) noexcept { return side == Side::front ? "front" : "back"; }
std::string_view to_string(Outcome outcome) noexcept {
  return outcome == Outcome::passed ? "passed" : outcome == Outcome::failed ? "failed" : "not_checked";
}

std::string_view to_string(CheckKind kind) noexcept {
  switch (kind) {
    case CheckKind::capture: return "capture";
    case CheckKind::type: return "type";
    case CheckKind::rule: return "rule";
    case CheckKind::consistency: return "consistency";
    case CheckKind::signature: return "signature";
    case CheckKind::authenticity: return "authenticity";
  }
  return "rule";
}

std::string_view to_string(Weight weight) noexcept {
  return weight == Weight::note ? "note" : weight == Weight::review ? "review" : "refuse";
}

std::string_view to_string(Assurance assurance) noexcept {
  switch (assurance) {
    case Assurance::read_only: return "read_only";
    case Assurance::internally_consistent: return "internally_consistent";
    case Assurance::cryptographically_verified: return "cryptographically_verified";
  }
  return "read_only";
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
  return std::ranges::any_of(findings, [](const Finding& f) { return f.outcome == Outcome::failed && f.weight != Weight::note; });
}

}  // namespace authx::document
