#include "engines/document/evidence/evidence.h"

#include <algorithm>

namespace authx::document {

std::string_view to_string(EvidenceKind kind) noexcept {
  switch (kind) {
    case EvidenceKind::secure_qr: return "secure_qr";
    case EvidenceKind::legacy_qr: return "legacy_qr";
    case EvidenceKind::plain_qr: return "plain_qr";
    case EvidenceKind::pan_qr: return "pan_qr";
    case EvidenceKind::offline_ekyc: return "offline_ekyc";
    case EvidenceKind::pdf_signature: return "pdf_signature";
    case EvidenceKind::aamva: return "aamva";
    case EvidenceKind::icao_chip: return "icao_chip";
  }
  return "plain_qr";
}

std::string_view to_string(EvidenceState state) noexcept {
  switch (state) {
    case EvidenceState::verified: return "verified";
    case EvidenceState::signature_invalid: return "signature_invalid";
    case EvidenceState::unverified: return "unverified";
    case EvidenceState::expired_key: return "expired_key";
    case EvidenceState::not_signed: return "not_signed";
    case EvidenceState::unreadable: return "unreadable";
  }
  return "unreadable";
}

const Field* Evidence::find(std::string_view name) const {
  const auto it = std::ranges::find(claims, name, &Field::name);
  return it == claims.end() ? nullptr : &*it;
}

}  // namespace authx::document
