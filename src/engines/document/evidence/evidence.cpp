#include "engines/document/evidence/evidence.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>

#include "base/encoding.h"

namespace authx::document {
namespace {

bool hash_matches(const std::string& wanted, std::string value, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const std::uint8_t*>(value.data()), value.size(), digest);
    value = hex_encode({digest, sizeof digest});
  }
  return value == wanted;
}

}  // namespace

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

Source source_of(EvidenceKind kind) noexcept {
  switch (kind) {
    case EvidenceKind::aamva: return Source::pdf417;
    case EvidenceKind::icao_chip: return Source::chip;
    case EvidenceKind::offline_ekyc:
    case EvidenceKind::pdf_signature: return Source::file;
    default: return Source::qr;
  }
}

std::optional<bool> email_matches(const ContactHashes& contact, std::string_view email, std::string_view share_code) {
  if (contact.email.empty()) return std::nullopt;
  const std::string as_given = std::string{email} + std::string{share_code};
  if (hash_matches(contact.email, as_given, contact.rounds)) return true;
  std::string lower{email};
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return hash_matches(contact.email, lower + std::string{share_code}, contact.rounds);
}

std::optional<bool> mobile_matches(const ContactHashes& contact, std::string_view mobile, std::string_view share_code) {
  if (contact.mobile.empty()) return std::nullopt;
  std::string digits;
  for (const char c : mobile) {
    if (c >= '0' && c <= '9') digits += c;
  }
  if (digits.size() > 10) digits.erase(0, digits.size() - 10);
  return hash_matches(contact.mobile, digits + std::string{share_code}, contact.rounds);
}

}  // namespace authx::document
