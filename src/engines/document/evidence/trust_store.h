#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

struct evp_pkey_st;
struct x509_st;

namespace authx::document {

/// Whose signatures count, as an operator configures it. Each text is PEM with any number of certificates and bare public keys
/// (`BEGIN PUBLIC KEY`), or one certificate in DER.
struct TrustAnchors {
  std::vector<std::string> aadhaar_qr_pem;   ///< signers of Aadhaar Secure QR codes; a bare key has no validity window
  std::vector<std::string> offline_kyc_pem;  ///< signers of Aadhaar offline e-KYC
  std::vector<std::string> pdf_pem;          ///< signers of PDFs, or authorities that issued them; certificates only
  std::vector<std::string> csca_pem;         ///< country signing authorities of electronic documents; certificates only
};

enum class TrustPurpose : std::size_t { aadhaar_qr, offline_kyc, pdf, csca };

struct TrustedKey {
  std::string name;         ///< subject, RFC 2253; "public key" for a bare one
  std::string fingerprint;  ///< SHA-256 of the certificate's DER, or of the key's SubjectPublicKeyInfo; lower-case hex
  std::optional<Time> not_before;
  std::optional<Time> not_after;
  std::shared_ptr<evp_pkey_st> key;
  std::shared_ptr<x509_st> certificate;  ///< null for a bare key

  bool valid_at(Time t) const noexcept { return (!not_before || t >= *not_before) && (!not_after || t <= *not_after); }
};

/// The anchors, parsed once. Immutable, shared by all threads.
class TrustStore {
 public:
  TrustStore() = default;
  /// Error: `Errc::validation` naming the list and the number of the text that is no certificate or key.
  static Result<TrustStore> parse(const TrustAnchors& anchors);

  std::span<const TrustedKey> keys(TrustPurpose purpose) const noexcept { return keys_[static_cast<std::size_t>(purpose)]; }

 private:
  std::array<std::vector<TrustedKey>, 4> keys_;
};

}  // namespace authx::document
