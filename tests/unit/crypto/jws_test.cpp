#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/jose_parts.h"
#include "crypto/jws.h"

namespace authx::crypto {
namespace {

json::object parse(std::string_view text) { return parse_json(text)->as_object(); }

struct Vector {
  const char* jwk;
  const char* token;
  const char* thumbprint;
};

// RFC 7515 A.2 and A.3, RFC 8037 A.4; thumbprints of RFC 8037 A.3.
constexpr Vector kRsa{
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    nullptr};
constexpr Vector kEc{
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    nullptr};
constexpr Vector kOkp{R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
                      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
                      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
                      "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"};

TEST(Jws, VerifiesTheVectorsOfTheStandards) {
  for (const auto& vector : {kRsa, kEc, kOkp}) {
    const auto key = PublicKey::from_jwk(parse(vector.jwk));
    ASSERT_TRUE(key) << vector.jwk;
    const auto parts = jose::split(vector.token);
    ASSERT_TRUE(parts);
    auto signature = *base64url_decode(parts->signature);
    EXPECT_TRUE(key->verify(as_bytes(parts->signing_input), signature)) << vector.jwk;
    signature[5] ^= 1;
    EXPECT_FALSE(key->verify(as_bytes(parts->signing_input), signature)) << vector.jwk;
    EXPECT_FALSE(key->verify(as_bytes(parts->signing_input), {})) << vector.jwk;
    if (vector.thumbprint != nullptr) EXPECT_EQ(key->thumbprint(), vector.thumbprint);
  }
}

TEST(Jws, ThumbprintIsThatOfRfc7638) {
  const auto key = PublicKey::from_jwk(parse(
      R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Jws, EveryAlgorithmSignsWhatItsPublicKeyVerifiesAfterStorage) {
  for (const auto algorithm : {JwsAlgorithm::EdDSA, JwsAlgorithm::ES256, JwsAlgorithm::RS256}) {
    const auto made = PrivateKey::generate(algorithm);
    ASSERT_TRUE(made);
    const auto stored = PrivateKey::from_der(made->der(), algorithm);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->public_key().thumbprint(), made->public_key().thumbprint());
    const auto published = PublicKey::from_jwk(made->public_key().jwk());
    ASSERT_TRUE(published);
    const auto token = stored->sign_token({{"sub", "a"}}, "at+jwt");
    const auto parts = jose::split(token);
    ASSERT_TRUE(parts);
    EXPECT_TRUE(published->verify(as_bytes(parts->signing_input), *base64url_decode(parts->signature)));
    const auto header = jose::parse_part(parts->header);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->at("alg").as_string(), to_string(algorithm));
    EXPECT_EQ(header->at("kid").as_string(), published->thumbprint());
  }
}

TEST(Jws, AKeyOfOneAlgorithmIsNoneOfAnother) {
  const auto ec = PrivateKey::generate(JwsAlgorithm::ES256);
  ASSERT_TRUE(ec);
  EXPECT_FALSE(PrivateKey::from_der(ec->der(), JwsAlgorithm::EdDSA));
  auto jwk = ec->public_key().jwk();
  jwk["alg"] = "RS256";
  EXPECT_FALSE(PublicKey::from_jwk(jwk));
}

TEST(Jws, RefusesKeysThatAreSecretWeakOrOffTheCurve) {
  for (
      const auto* bad :
      {R"({})", R"({"kty":"oct","k":"AAAA"})", R"({"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
       R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})",
       R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})",
       R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"enc"})",
       R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["sign"]})",
       R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"})",
       R"({"kty":"EC","crv":"P-521","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
       R"({"kty":"RSA","n":"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDpre","e":"AQAB"})"})
    EXPECT_FALSE(PublicKey::from_jwk(parse(bad))) << bad;
}

}  // namespace
}  // namespace authx::crypto
