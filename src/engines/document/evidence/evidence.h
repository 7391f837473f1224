#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "engines/document/field.h"
#include "imaging/image.h"

namespace authx::document {

enum class EvidenceKind { secure_qr, legacy_qr, plain_qr, pan_qr, offline_ekyc, pdf_signature, aamva, icao_chip };
std::string_view to_string(EvidenceKind kind) noexcept;

/// Only `verified` proves anything.
enum class EvidenceState {
  verified,           ///< signed by a configured key that was valid at the time of signing
  signature_invalid,  ///< a configured key's signature does not fit the content, or the content was altered
  unverified,         ///< signed by a key that is not configured
  expired_key,        ///< signed by a configured key outside its validity
  not_signed,         ///< of a kind that carries no signature
  unreadable,         ///< found, but its content is damaged or of an unknown form
};
std::string_view to_string(EvidenceState state) noexcept;

Source source_of(EvidenceKind kind) noexcept;

/// Hashes of the holder's e-mail address and mobile number, which Aadhaar data carries instead of the values.
struct ContactHashes {
  std::string email;   ///< SHA-256, lower-case hex; empty when the data has none
  std::string mobile;  ///< as `email`
  int rounds = 1;      ///< how often SHA-256 is applied, 1..9
};

/// Whether the e-mail address or mobile number (its last ten digits count) is the one that the hash was made of: SHA-256 of the
/// value and the share code, applied `rounds` times, from the second time on to the hex text of the last. The share code is
/// empty for a QR code. Nothing when the evidence has no hash.
std::optional<bool> email_matches(const ContactHashes& contact, std::string_view email, std::string_view share_code = {});
std::optional<bool> mobile_matches(const ContactHashes& contact, std::string_view mobile, std::string_view share_code = {});

/// What one machine-readable carrier on or beside a document says.
struct Evidence {
  EvidenceKind kind = EvidenceKind::plain_qr;
  EvidenceState state = EvidenceState::unreadable;
  std::string format;           ///< "V2", "legacy_xml", "AAMVA 09", ...
  std::string key_name;         ///< subject of the certificate that verified it
  std::string key_fingerprint;  ///< SHA-256 of that certificate (or bare key) in DER form, lower-case hex
  std::optional<Time> signed_at;
  std::vector<Field> claims;  ///< what it says; `Field::source` tells the carrier. Besides the names in `field.h`: care_of,
                              ///< mobile_last4, surname, given_names, issuer_id, jurisdiction, discriminator
  SecretText number;          ///< a whole document number, where the carrier has one
  ContactHashes contact;
  std::optional<imaging::Image> portrait;
  Side side = Side::front;
  std::optional<imaging::Quad> place;  ///< the code on the picture as given
  bool holds_secret = false;           ///< the code itself holds a number that must not be stored: paint it over
  std::vector<std::string> warnings;   ///< sentences without personal data

  const Field* find(std::string_view name) const;
  bool verified() const noexcept { return state == EvidenceState::verified; }
};

}  // namespace authx::document
