#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

struct x509_store_st;

namespace authx::auth::webauthn {

/// What new passkeys must bring of their maker's word.
enum class AttestationPolicy : std::uint8_t {
  none,      ///< nothing is asked for; what comes unasked is checked all the same
  optional,  ///< asked for and noted
  trusted,   ///< refused unless a certificate chain ends at a configured root
};
std::optional<AttestationPolicy> parse_attestation_policy(std::string_view word) noexcept;

/// An attestation certificate of the packed format in the form of Web Authentication, section 8.2.1: version 3; country, organisation and
/// common name; organisational unit "Authenticator Attestation"; no authority; and where the extension id-fido-gen-ce-aaguid stands, not
/// critical and of this AAGUID.
bool is_attestation_certificate(BytesView der, const Uuid& aaguid);

/// Makers' root certificates that the operator trusts. Immutable, thread-safe.
class AttestationRoots {
 public:
  static constexpr std::size_t kLongestChain = 6;

  /// All certificates of the PEM files (`.pem`, `.crt`, `.cer`) in a folder. Error: validation on "AUTHX_PASSKEY_ROOTS".
  static Result<AttestationRoots> load(const std::string& folder);

  /// The subject of the root that vouches for `chain` (DER, the attestation's own certificate first) at this time; nothing when none does.
  /// A certificate in the folder is an end of a chain even when it is no self-signed one.
  std::optional<std::string> root_of(const std::vector<BytesView>& chain, Time now) const;

 private:
  std::shared_ptr<x509_store_st> store_;
};

}  // namespace authx::auth::webauthn
