#include <gtest/gtest.h>

#include "authenticator.h"

namespace authx::auth::webauthn {
namespace {

TEST(WebAuthn, AcceptsARegistration) {
  const Authenticator a;
  const auto made = check_registration(kParty, as_bytes(client_json("webauthn.create")), attestation(a.data(0x45)), true, kNow);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->attestation.kind, "none");
  EXPECT_EQ(made->data.credential->id, a.id);
  EXPECT_EQ(made->data.credential->public_key, a.cose());
  EXPECT_TRUE(made->data.user_verified);
}

TEST(WebAuthn, ChecksASelfAttestation) {
  const Authenticator a;
  const auto client = client_json("webauthn.create");
  const auto data = a.data(0x45);
  const auto made = check_registration(kParty, as_bytes(client), self_attestation(data, a.sign(data, client)), true, kNow);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->attestation.kind, "self");
  EXPECT_FALSE(check_registration(kParty, as_bytes(client), self_attestation(data, a.sign(data, "another")), true, kNow));
}

TEST(WebAuthn, RefusesARegistrationThatIsNotMeantForUs) {
  const Authenticator a;
  const auto ok = client_json("webauthn.create");
  EXPECT_FALSE(check_registration(kParty, as_bytes(client_json("webauthn.get")), attestation(a.data(0x45)), true, kNow)) << "ceremony";
  for (const auto* origin :
       {"https://evil.example", "http://id.example.org", "https://id.example.org:8443", "https://id.example.org.evil.example"})
    EXPECT_FALSE(check_registration(kParty, as_bytes(client_json("webauthn.create", origin)), attestation(a.data(0x45)), true, kNow))
        << origin;
  EXPECT_FALSE(check_registration(kParty, as_bytes(client_json("webauthn.create", "https://id.example.org", R"(,"crossOrigin":true)")),
                                  attestation(a.data(0x45)), true, kNow));
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x45, "evil.example")), true, kNow)) << "relying party";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x44)), true, kNow)) << "presence";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x41)), true, kNow)) << "verification";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x05)), true, kNow)) << "no key";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x55)), true, kNow)) << "backed up without being eligible";
  auto longer = a.data(0x45);
  longer.push_back(0);
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(longer), true, kNow)) << "bytes after the data";
  EXPECT_TRUE(check_registration(kParty, as_bytes(client_json("webauthn.create", "https://app.example.org")), attestation(a.data(0x45)),
                                 true, kNow))
      << "a related origin";
}

TEST(WebAuthn, ChecksAnAssertion) {
  const Authenticator a;
  const auto client = client_json("webauthn.get");
  const auto data = a.data(0x05);
  const auto signature = a.sign(data, client);
  EXPECT_TRUE(check_assertion(kParty, as_bytes(client), data, signature, a.cose(), true));
  EXPECT_FALSE(check_assertion(kParty, as_bytes(client_json("webauthn.get", "https://app.example.org")), data, signature, a.cose(), true))
      << "signed";
  auto changed = data;
  changed[36] ^= 1;  // the counter
  EXPECT_FALSE(check_assertion(kParty, as_bytes(client), changed, signature, a.cose(), true));
  const auto present = a.data(0x01);
  EXPECT_FALSE(check_assertion(kParty, as_bytes(client), present, a.sign(present, client), a.cose(), true)) << "verification";
  EXPECT_TRUE(check_assertion(kParty, as_bytes(client), present, a.sign(present, client), a.cose(), false));
  const auto creation = client_json("webauthn.create");
  EXPECT_FALSE(check_assertion(kParty, as_bytes(creation), data, a.sign(data, creation), a.cose(), true)) << "ceremony";
}

TEST(WebAuthn, ACounterMayNotStandStillOrGoBack) {
  EXPECT_TRUE(counter_plausible(0, 0));  // an authenticator without one
  EXPECT_TRUE(counter_plausible(0, 1));
  EXPECT_TRUE(counter_plausible(5, 6));
  EXPECT_FALSE(counter_plausible(5, 5));
  EXPECT_FALSE(counter_plausible(5, 4));
  EXPECT_FALSE(counter_plausible(5, 0));
}

TEST(WebAuthn, MalformedClientDataIsRefused) {
  for (const auto* text :
       {"", "{}", "[]", "null", R"({"type":1,"challenge":"AA","origin":"x"})", R"({"type":"webauthn.get","challenge":"A=","origin":"x"})"})
    EXPECT_FALSE(parse_client_data(as_bytes(text))) << text;
  EXPECT_FALSE(parse_client_data(Bytes(5000, ' ')));
}

}  // namespace
}  // namespace authx::auth::webauthn
