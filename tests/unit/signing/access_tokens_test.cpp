#include "services/auth/access_tokens.h"

#include "crypto/hash.h"
#include "fixture.h"

namespace authx::auth {
namespace {

using crypto::JwsAlgorithm;

constexpr auto kAlgorithms = {JwsAlgorithm::EdDSA, JwsAlgorithm::ES256, JwsAlgorithm::RS256};
const std::string kIssuer = "https://id.example.org";

class AccessTokensTest : public signing::SigningTest {
 protected:
  void SetUp() override {
    SigningTest::SetUp();
    keys = std::make_unique<signing::SigningKeys>(*database, clock, keyring);
    for (const auto algorithm : kAlgorithms) ASSERT_TRUE(keys->ensure(algorithm));
  }
  void TearDown() override {
    keys.reset();
    SigningTest::TearDown();
  }
  AccessTokens tokens(std::optional<JwsAlgorithm> algorithm, std::string issuer = kIssuer) const {
    return {crypto::JwtHs256{SecretBytes{Bytes(32, 7)}}, *keys, algorithm, std::move(issuer)};
  }
  static std::string alg_of(std::string_view token) { return std::string{header_of(token).at("alg").as_string()}; }

  std::unique_ptr<signing::SigningKeys> keys;
};

TEST_F(AccessTokensTest, AChangeOfTheSettingEndsNoToken) {
  clock.advance(signing::RotationPolicy{}.spread);
  std::vector<std::string> made{tokens(std::nullopt).sign(claims())};
  for (const auto algorithm : kAlgorithms) made.push_back(tokens(algorithm).sign(claims()));
  EXPECT_EQ(alg_of(made[0]), "HS256");
  EXPECT_EQ(alg_of(made[1]), "EdDSA");
  EXPECT_EQ(alg_of(made[2]), "ES256");
  EXPECT_EQ(alg_of(made[3]), "RS256");
  for (const auto& token : made) {
    EXPECT_TRUE(tokens(std::nullopt).verify(token, clock.now()));
    for (const auto algorithm : kAlgorithms) EXPECT_TRUE(tokens(algorithm).verify(token, clock.now()));
  }
  clock.advance(std::chrono::hours{1});
  for (const auto& token : made) EXPECT_FALSE(tokens(std::nullopt).verify(token, clock.now())) << "to its end";
}

TEST_F(AccessTokensTest, ANewAlgorithmsFirstKeyWaitsUntilItIsKnownEverywhere) {
  EXPECT_EQ(alg_of(tokens(JwsAlgorithm::ES256).sign(claims())), "HS256");
  clock.advance(signing::RotationPolicy{}.spread);
  EXPECT_EQ(alg_of(tokens(JwsAlgorithm::ES256).sign(claims())), "ES256");
}

TEST_F(AccessTokensTest, ASignedTokenIsForItsIssuer) {
  clock.advance(signing::RotationPolicy{}.spread);
  const auto token = tokens(JwsAlgorithm::EdDSA).sign(claims());
  const auto said = tokens(std::nullopt).verify(token, clock.now());
  ASSERT_TRUE(said);
  EXPECT_EQ(said->at("iss").as_string(), kIssuer);
  EXPECT_EQ(said->at("aud").as_string(), kIssuer);
  EXPECT_FALSE(tokens(std::nullopt, "https://other.example").verify(token, clock.now()));
}

TEST_F(AccessTokensTest, TokensOfOtherKindsAreNone) {
  clock.advance(signing::RotationPolicy{}.spread);
  auto said = claims();
  said["iss"] = kIssuer;
  said["aud"] = kIssuer;
  for (const auto* typ : {"JWT", "at+jwt", "logout+jwt"})
    EXPECT_FALSE(tokens(JwsAlgorithm::ES256).verify(keys->sign(said, typ, JwsAlgorithm::ES256).value(), clock.now())) << typ;
  EXPECT_TRUE(tokens(JwsAlgorithm::ES256).verify(keys->sign(said, AccessTokens::kType, JwsAlgorithm::ES256).value(), clock.now()));
}

/// What everyone can fetch is no secret to sign with (RFC 8725, 2.1).
TEST_F(AccessTokensTest, APublicKeyIsNoSharedSecret) {
  clock.advance(signing::RotationPolicy{}.spread);
  const auto real = tokens(JwsAlgorithm::ES256).sign(claims());
  const auto jwks = keys->jwks();
  for (const auto& key : jwks.at("keys").as_array()) {
    const auto& jwk = key.as_object();
    std::vector<std::string> secrets{json::serialize(jwk), std::string{jwk.at("kid").as_string()}};
    for (const auto* member : {"x", "y", "n"})
      if (const auto* value = jwk.if_contains(member)) {
        secrets.emplace_back(value->as_string());
        secrets.emplace_back(as_text(base64url_decode(value->as_string()).value()));
      }
    for (const auto& secret : secrets)
      for (const auto* typ : {"JWT", "authx+jwt"})
        for (const auto& header :
             {json::object{{"alg", "HS256"}, {"typ", typ}}, json::object{{"alg", "HS256"}, {"typ", typ}, {"kid", jwk.at("kid")}}}) {
          auto said = claims();
          said["iss"] = kIssuer;
          said["aud"] = kIssuer;
          std::string token = base64url_encode(as_bytes(json::serialize(header))) + "." + base64url_encode(as_bytes(json::serialize(said)));
          token += "." + base64url_encode(crypto::hmac_sha256(as_bytes(secret), as_bytes(token)));
          EXPECT_FALSE(tokens(JwsAlgorithm::ES256).verify(token, clock.now()));
          EXPECT_FALSE(tokens(std::nullopt).verify(token, clock.now()));
        }
  }
  EXPECT_TRUE(tokens(std::nullopt).verify(real, clock.now()));
}

}  // namespace
}  // namespace authx::auth
