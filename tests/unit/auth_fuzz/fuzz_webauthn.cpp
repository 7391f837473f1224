#include <cstddef>
#include <cstdint>

#include "services/auth/cookies.h"
#include "services/auth/webauthn.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx::auth;
  const authx::BytesView in{data, size};
  const webauthn::RelyingParty party{.id = "localhost", .origins = {"http://localhost"}};
  (void)webauthn::parse_client_data(in);
  (void)webauthn::parse_authenticator_data(in);
  const auto client = authx::as_bytes(R"({"type":"webauthn.create","challenge":"AAAA","origin":"http://localhost"})");
  (void)webauthn::check_registration(party, client, in, true, authx::Time{});
  (void)webauthn::is_attestation_certificate(in, authx::Uuid{});
  (void)cookie(authx::as_text(in), kRefreshCookie);
  return 0;
}
