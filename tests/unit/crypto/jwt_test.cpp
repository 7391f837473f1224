#include "crypto/jwt.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace authx::crypto {
namespace {

using namespace std::chrono_literals;

const Time kNow = parse_time("2024-06-01T12:00:00Z").value();
const Bytes kKey(32, 0x42);

std::int64_t unix_seconds(Time t) { return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count(); }

JwtHs256 signer() { return JwtHs256{SecretBytes{kKey}}; }

/// A token of any header and payload text, correctly signed.
std::string forge(std::string_view header, std::string_view payload, const Bytes& key = kKey) {
  std::string token = base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(payload));
  return token + "." + base64url_encode(hmac_sha256(key, as_bytes(token)));
}

std::string payload(std::string_view more = {}) { return fmt::format(R"({{"sub":"a","exp":{}{}}})", unix_seconds(kNow + 10min), more); }

constexpr std::string_view kGoodHeader = R"({"alg":"HS256","typ":"JWT"})";

std::string refusal(std::string_view token) {
  const auto result = signer().verify(token, kNow);
  if (result) return "accepted";
  EXPECT_EQ(result.error().code, Errc::unauthenticated);
  return result.error().detail;
}

TEST(JwtHs256, OpensWhatItSigned) {
  const json::object claims{{"sub", "7"}, {"exp", unix_seconds(kNow + 1h)}, {"roles", {"a", "b"}}, {"iat", unix_seconds(kNow)}};
  const auto opened = signer().verify(signer().sign(claims), kNow);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, claims);
}

// RFC 7515, appendix A.1.
TEST(JwtHs256, AcceptsTheRfc7515Example) {
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const JwtHs256 jwt{
      SecretBytes{base64url_decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow").value()}};
  const Time before{std::chrono::seconds{1300819379}};
  const auto claims = jwt.verify(token, before);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->at("iss"), "joe");
  EXPECT_FALSE(jwt.verify(token, before + 1s));
}

TEST(JwtHs256, RefusesAShortKey) { EXPECT_THROW(JwtHs256{SecretBytes{Bytes(31, 1)}}, std::invalid_argument); }

TEST(JwtHs256, RefusesAnotherKeysToken) { EXPECT_EQ(refusal(forge(kGoodHeader, payload(), Bytes(32, 0x43))), "token signature"); }

TEST(JwtHs256, RefusesEveryChangedCharacter) {
  const auto token = forge(kGoodHeader, payload());
  ASSERT_EQ(refusal(token), "accepted");
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(refusal(changed), "accepted") << i;
  }
}

TEST(JwtHs256, RefusesEveryTruncation) {
  const auto token = forge(kGoodHeader, payload());
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_NE(refusal(token.substr(0, size)), "accepted") << size;
}

TEST(JwtHs256, RefusesUnsignedTokens) {
  for (const auto* alg : {"none", "None", "nOnE", "NONE", ""}) {
    const auto head = base64url_encode(as_bytes(fmt::format(R"({{"alg":"{}","typ":"JWT"}})", alg)));
    const auto body = base64url_encode(as_bytes(payload()));
    EXPECT_EQ(refusal(head + "." + body + "."), "token signature");
    EXPECT_EQ(refusal(head + "." + body), "token form");
  }
}

TEST(JwtHs256, RefusesOtherAlgorithmsEvenWhenTheMacFits) {
  for (const auto* alg : {"none", "RS256", "ES256", "HS384", "HS512", "hs256", "HS256 ", ""}) {
    EXPECT_EQ(refusal(forge(fmt::format(R"({{"alg":"{}","typ":"JWT"}})", alg), payload())), "token header") << alg;
  }
}

TEST(JwtHs256, RefusesHeadersOfAnotherShape) {
  for (const auto* header :
       {R"({"alg":"HS256"})", R"({"typ":"JWT"})", R"({"alg":"HS256","typ":"at+jwt"})", R"({"alg":["HS256"],"typ":"JWT"})",
        R"({"alg":"HS256","typ":"JWT","crit":["exp"]})", R"({"alg":"HS256","typ":"JWT","crit":"exp"})",
        R"({"alg":"HS256","typ":"JWT","jku":"https://evil.example/keys"})", R"({"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":""}})",
        R"({"alg":"HS256","typ":"JWT","b64":false})", R"({"alg":"none","alg":"HS256","typ":"JWT"})", R"(["HS256","JWT"])", "", "null",
        R"({"alg":"HS256","typ":"JWT"} )"
        "x",
        R"({"alg":"HS256","typ":"JWT","kid":7})"}) {
    EXPECT_EQ(refusal(forge(header, payload())), "token header") << header;
  }
}

TEST(JwtHs256, AKeyIdChoosesNothing) {
  for (const auto* kid : {"1", "../../../../dev/null", "' UNION SELECT 'key' --", "http://evil.example/key"}) {
    const auto header = fmt::format(R"({{"alg":"HS256","typ":"JWT","kid":"{}"}})", kid);
    EXPECT_EQ(refusal(forge(header, payload())), "accepted");
    EXPECT_EQ(refusal(forge(header, payload(), Bytes{})), "token signature");
    EXPECT_EQ(refusal(forge(header, payload(), Bytes(32, 0))), "token signature");
    EXPECT_EQ(refusal(forge(header, payload(), to_bytes("key"))), "token signature");
  }
}

TEST(JwtHs256, RefusesMoreOrFewerThanThreeParts) {
  const auto token = forge(kGoodHeader, payload());
  for (const auto& bad : {token + ".", "." + token, token + "." + token, token.substr(0, token.find('.')), std::string{}, std::string{"."},
                          std::string{".."}, std::string{"..."}}) {
    EXPECT_NE(refusal(bad), "accepted") << bad;
  }
  EXPECT_EQ(refusal(token + "."), "token form");
  EXPECT_EQ(refusal(token + ".eyJhIjoxfQ.AAAA.AAAA"), "token form");  // JWE has five
}

TEST(JwtHs256, RefusesOtherBase64Forms) {
  const auto token = forge(kGoodHeader, payload());
  EXPECT_EQ(refusal(token + "="), "token signature");
  EXPECT_EQ(refusal(token + " "), "token signature");
  EXPECT_EQ(refusal(token + "\n"), "token signature");
  const auto sign_raw = [](const std::string& input) { return input + "." + base64url_encode(hmac_sha256(kKey, as_bytes(input))); };
  const auto padded = base64_encode(as_bytes(R"({"alg":"HS256","typ":"JWT" })"));
  ASSERT_TRUE(padded.ends_with('='));
  EXPECT_EQ(refusal(sign_raw(padded + "." + base64url_encode(as_bytes(payload())))), "token header");
  const auto body = payload(R"(,"pad":"1")");
  EXPECT_EQ(refusal(sign_raw(base64url_encode(as_bytes(kGoodHeader)) + "." + base64url_encode(as_bytes(body)) + "==")), "token claims");
}

TEST(JwtHs256, RefusesAnUnusedBitOfTheSignature) {
  auto token = forge(kGoodHeader, payload());
  // 43 characters hold 258 bits for 256: the last character's two low bits are unused, so the next letter decodes alike elsewhere.
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  token.back() = alphabet[alphabet.find(token.back()) + 1];
  EXPECT_EQ(refusal(token), "token signature");
}

TEST(JwtHs256, RefusesHugeTokensBeforeAnyWork) {
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(",\"x\":\"" + std::string(6200, 'x') + "\""))), "token too long");
  EXPECT_EQ(refusal(std::string(1 << 20, 'a')), "token too long");
}

TEST(JwtHs256, ExpiryIsRequiredAndExclusive) {
  const auto at = [](std::string_view exp) { return forge(kGoodHeader, fmt::format(R"({{"exp":{}}})", exp)); };
  const auto now = unix_seconds(kNow);
  EXPECT_EQ(refusal(at(std::to_string(now + 1))), "accepted");
  EXPECT_EQ(refusal(at(std::to_string(now))), "token expired");
  EXPECT_EQ(refusal(at(std::to_string(now - 1))), "token expired");
  EXPECT_EQ(refusal(at("-1")), "token expired");
  EXPECT_EQ(refusal(at(fmt::format("{}.5", now))), "accepted");
  EXPECT_EQ(refusal(at("1e400")), "token claims");
  EXPECT_EQ(refusal(at("\"9999999999\"")), "token exp");
  EXPECT_EQ(refusal(at("null")), "token exp");
  EXPECT_EQ(refusal(forge(kGoodHeader, "{}")), "token exp");
}

TEST(JwtHs256, RefusesTokensFromTheFuture) {
  const auto now = unix_seconds(kNow);
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(fmt::format(",\"nbf\":{}", now + 1)))), "token nbf");
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(fmt::format(",\"iat\":{}", now + 1)))), "token iat");
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(",\"nbf\":\"0\""))), "token nbf");
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(",\"iat\":null"))), "token iat");
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(fmt::format(",\"nbf\":{0},\"iat\":{0}", now)))), "accepted");
}

TEST(JwtHs256, LeewayStretchesBothEnds) {
  const auto now = unix_seconds(kNow);
  const auto late = forge(kGoodHeader, fmt::format(R"({{"exp":{}}})", now - 29));
  const auto early = forge(kGoodHeader, payload(fmt::format(",\"nbf\":{0},\"iat\":{0}", now + 30)));
  EXPECT_TRUE(signer().verify(late, kNow, 30s));
  EXPECT_TRUE(signer().verify(early, kNow, 30s));
  EXPECT_FALSE(signer().verify(late, kNow, 29s));
  EXPECT_FALSE(signer().verify(early, kNow, 29s));
}

TEST(JwtHs256, RefusesRepeatedClaims) {
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(R"(,"sub":"b")"))), "token claims");
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(R"(,"s\u0075b":"b")"))), "token claims");
  EXPECT_EQ(refusal(forge(kGoodHeader, payload(R"(,"x":{"sub":":","y":[{"sub":1}]},"z":"\",:{")"))), "accepted");
}

TEST(JwtHs256, RefusesClaimsThatAreNoObject) {
  for (const auto* text : {"", "[]", "null", "1", "\"x\"", "{", "{}{}", "{\"exp\":}", "\xff"}) {
    EXPECT_EQ(refusal(forge(kGoodHeader, text)), "token claims") << text;
  }
  EXPECT_EQ(refusal(forge(kGoodHeader, std::string(2000, '['))), "token claims");
}

}  // namespace
}  // namespace authx::crypto
