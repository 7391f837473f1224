#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "engines/document/evidence/evidence.h"
#include "engines/document/evidence/trust_store.h"

namespace authx::document {

/// Whether a code's text has the form of an Aadhaar Secure QR: nothing but 1,000 to 8,000 decimal digits (white space aside).
bool looks_like_secure_qr(std::string_view text) noexcept;

/// UIDAI's Secure QR, formats V1 (no version mark) to V9. The text is a decimal integer; its big-endian bytes are a gzip or zlib
/// stream (at most 64 KiB inflated); inflated it is fields that end in 0xFF, a portrait (JPEG 2000 or JPEG), up to two SHA-256
/// hashes (e-mail, then mobile) and an RSA-2048 PKCS#1 v1.5 SHA-256 signature over all that stands before it.
/// Source: UIDAI, "Secure QR code specification" (V1), and the published test vectors of later versions.
///
/// `unverified`: the signature was made by none of the keys in `trust`, or `trust` has none. `signature_invalid`: one of them
/// made it, for other data. The time of signing is the reference id's, Indian Standard Time.
/// Claims: name, dob or year_of_birth, gender, document_number (masked), address, pincode, care_of, mobile_last4.
Evidence read_secure_qr(std::string_view text, const TrustStore& trust);

/// The non-negative integer that `digits` writes, big-endian without leading zeros. Nothing for anything but digits or more than
/// `kMostDecimalDigits` of them. Quadratic, about 0.1 ms at the limit.
inline constexpr std::size_t kMostDecimalDigits = 8000;
std::optional<Bytes> decimal_to_bytes(std::string_view digits);

}  // namespace authx::document
