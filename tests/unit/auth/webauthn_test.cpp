#include "services/auth/webauthn.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"

namespace authx::auth::webauthn {
namespace {

const RelyingParty kParty{"id.example.org", {"https://id.example.org", "https://app.example.org"}};
const std::string kChallenge = "c2l4dGVlbi1ieXRlcy0hIQ";

std::string client_json(std::string_view type, std::string_view origin = "https://id.example.org", std::string_view more = "") {
  return R"({"type":")" + std::string{type} + R"(","challenge":")" + kChallenge + R"(","origin":")" + std::string{origin} + "\"" +
         std::string{more} + "}";
}

/// A program that behaves as an authenticator with an Ed25519 key.
struct Authenticator {
  crypto::Ed25519 key = crypto::Ed25519::from_seed(SecretBytes{Bytes(32, 7)}).value();
  Bytes id = Bytes(32, 9);
  std::uint32_t count = 0;

  Bytes cose() const {
    auto out = hex_decode("a4010103272006215820").value();
    out.insert(out.end(), key.public_key().begin(), key.public_key().end());
    return out;
  }
  Bytes data(std::uint8_t flags, std::string_view party = "id.example.org") const {
    const auto hash = crypto::sha256(as_bytes(party));
    Bytes out{hash.begin(), hash.end()};
    out.push_back(flags);
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(count >> shift));
    if ((flags & 0x40U) != 0) {
      out.insert(out.end(), 16, 0);
      out.push_back(0);
      out.push_back(static_cast<std::uint8_t>(id.size()));
      out.insert(out.end(), id.begin(), id.end());
      const auto pub = cose();
      out.insert(out.end(), pub.begin(), pub.end());
    }
    return out;
  }
  Bytes sign(BytesView auth_data, std::string_view client) const {
    Bytes message{auth_data.begin(), auth_data.end()};
    const auto hash = crypto::sha256(as_bytes(client));
    message.insert(message.end(), hash.begin(), hash.end());
    return key.sign(message);
  }
};

/// {"fmt": "none", "attStmt": {}, "authData": data}
Bytes attestation(const Bytes& data) {
  auto out = hex_decode("a363666d74646e6f6e656761747453746d74a0686175746844617461").value();
  out.push_back(0x58);
  out.push_back(static_cast<std::uint8_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

/// {"fmt": "packed", "attStmt": {"alg": -8, "sig": signature}, "authData": data}
Bytes self_attestation(const Bytes& data, const Bytes& signature) {
  auto out = hex_decode("a363666d74667061636b65646761747453746d74a263616c6727637369675840").value();
  out.insert(out.end(), signature.begin(), signature.end());
  const auto tail = hex_decode("68617574684461746158").value();
  out.insert(out.end(), tail.begin(), tail.end());
  out.push_back(static_cast<std::uint8_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

TEST(WebAuthn, AcceptsARegistration) {
  const Authenticator a;
  const auto made = check_registration(kParty, as_bytes(client_json("webauthn.create")), attestation(a.data(0x45)), true);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->attestation, "none");
  EXPECT_EQ(made->data.credential->id, a.id);
  EXPECT_EQ(made->data.credential->public_key, a.cose());
  EXPECT_TRUE(made->data.user_verified);
}

TEST(WebAuthn, ChecksASelfAttestation) {
  const Authenticator a;
  const auto client = client_json("webauthn.create");
  const auto data = a.data(0x45);
  const auto made = check_registration(kParty, as_bytes(client), self_attestation(data, a.sign(data, client)), true);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->attestation, "self");
  EXPECT_FALSE(check_registration(kParty, as_bytes(client), self_attestation(data, a.sign(data, "another")), true));
}

TEST(WebAuthn, RefusesARegistrationThatIsNotMeantForUs) {
  const Authenticator a;
  const auto ok = client_json("webauthn.create");
  EXPECT_FALSE(check_registration(kParty, as_bytes(client_json("webauthn.get")), attestation(a.data(0x45)), true)) << "ceremony";
  for (const auto* origin :
       {"https://evil.example", "http://id.example.org", "https://id.example.org:8443", "https://id.example.org.evil.example"})
    EXPECT_FALSE(check_registration(kParty, as_bytes(client_json("webauthn.create", origin)), attestation(a.data(0x45)), true)) << origin;
  EXPECT_FALSE(check_registration(kParty, as_bytes(client_json("webauthn.create", "https://id.example.org", R"(,"crossOrigin":true)")),
                                  attestation(a.data(0x45)), true));
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x45, "evil.example")), true)) << "relying party";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x44)), true)) << "presence";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x41)), true)) << "verification";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x05)), true)) << "no key";
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(a.data(0x55)), true)) << "backed up without being eligible";
  auto longer = a.data(0x45);
  longer.push_back(0);
  EXPECT_FALSE(check_registration(kParty, as_bytes(ok), attestation(longer), true)) << "bytes after the data";
  EXPECT_TRUE(
      check_registration(kParty, as_bytes(client_json("webauthn.create", "https://app.example.org")), attestation(a.data(0x45)), true))
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
