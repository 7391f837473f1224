#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace authx::crypto {

/// Signature algorithms of RFC 7518 and RFC 8037 that others may check without a secret of ours. A key has exactly one; what a
/// token's header says is compared with it and never chooses it (RFC 8725, 3.1).
enum class JwsAlgorithm : std::uint8_t { EdDSA, ES256, RS256 };
std::string_view to_string(JwsAlgorithm algorithm) noexcept;
/// Whether a header's `alg` names it; Ed25519 is RFC 9864's name of what RFC 8037 calls EdDSA.
bool is_named(JwsAlgorithm algorithm, std::string_view name) noexcept;
std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name) noexcept;

/// A public key: Ed25519, P-256, or RSA of 2048 to 4096 bits. Immutable, thread-safe, cheap to copy.
class PublicKey {
 public:
  /// From a JWK (RFC 7517). Refuses other types, private or symmetric members, points off the curve, and a `use`, `alg` or
  /// `key_ops` that does not allow verifying. Error: `Errc::validation` on field "jwk".
  static Result<PublicKey> from_jwk(const json::object& jwk);

  JwsAlgorithm algorithm() const noexcept { return algorithm_; }
  const json::object& jwk() const noexcept { return jwk_; }               ///< the required members only
  const std::string& thumbprint() const noexcept { return thumbprint_; }  ///< RFC 7638, SHA-256, base64url
  bool verify(BytesView message, BytesView signature) const;              ///< signatures in the JWS form (RFC 7518, 3.4)

 private:
  friend class PrivateKey;
  PublicKey() = default;
  Result<> finish();  ///< members and thumbprint from `key_`

  std::shared_ptr<evp_pkey_st> key_;
  JwsAlgorithm algorithm_ = JwsAlgorithm::EdDSA;
  json::object jwk_;
  std::string thumbprint_;
};

/// A key that signs. Immutable, thread-safe.
class PrivateKey {
 public:
  static Result<PrivateKey> generate(JwsAlgorithm algorithm);
  static Result<PrivateKey> from_der(const SecretBytes& der, JwsAlgorithm algorithm);  ///< of `der()`; `Errc::internal`
  SecretBytes der() const;

  const PublicKey& public_key() const noexcept { return public_; }
  Bytes sign(BytesView message) const;
  /// A compact JWS with the header {alg, kid, typ}; `kid` is the thumbprint.
  std::string sign_token(const json::object& claims, std::string_view typ) const;

 private:
  PublicKey public_;
};

}  // namespace authx::crypto
