#pragma once

#include <string_view>

#include "http/contract.h"
#include "services/auth/factors/passkeys.h"

namespace authx::auth {

/// The members of an AuthenticationResponse and a RegistrationResponse, in base64url.
using CredentialId = http::Text<16, 1400>;
using ClientDataJson = http::Text<1, 6000>;
using AuthenticatorBytes = http::Text<1, 4000>;
using SignatureBytes = http::Text<1, 1400>;
using UserHandle = http::Text<1, 100>;

/// Error: validation, naming the member that is not base64url.
Result<Bytes> decode_member(std::string_view name, std::string_view text);

}  // namespace authx::auth
