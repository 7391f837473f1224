#include "fixture.h"

namespace authx::signing {
namespace {

using crypto::JwsAlgorithm;
using std::chrono::days;
using std::chrono::seconds;

constexpr std::string_view kTyp = "test+jwt";

TEST_F(SigningTest, AFirstKeySignsAtOnceAndIsKnownEverywhereSoon) {
  SigningKeys here{*database, clock, keyring};
  SigningKeys there{*database, clock, keyring};
  ASSERT_TRUE(here.ensure(JwsAlgorithm::EdDSA));
  const auto token = here.sign(claims(), kTyp, JwsAlgorithm::EdDSA);
  ASSERT_TRUE(token);
  EXPECT_FALSE(here.is_spread(JwsAlgorithm::EdDSA)) << "another process may not know it yet";
  EXPECT_FALSE(there.verify(*token, kTyp, clock.now()));
  ASSERT_TRUE(there.tend());
  EXPECT_TRUE(there.verify(*token, kTyp, clock.now()));
  clock.advance(RotationPolicy{}.spread);
  EXPECT_TRUE(here.is_spread(JwsAlgorithm::EdDSA));
}

TEST_F(SigningTest, TwoProcessesThatBeginAtOnceMakeOneKey) {
  SigningKeys here{*database, clock, keyring};
  SigningKeys there{*database, clock, keyring};
  ASSERT_TRUE(here.ensure(JwsAlgorithm::ES256));
  ASSERT_TRUE(there.ensure(JwsAlgorithm::ES256));
  EXPECT_EQ(here.list().size(), 1U);
  EXPECT_EQ(here.jwks(), there.jwks());
}

TEST_F(SigningTest, ARotationOnScheduleEndsNoToken) {
  const RotationPolicy policy;
  SigningKeys here{*database, clock, keyring, policy};
  SigningKeys there{*database, clock, keyring, policy};
  for (const auto algorithm : {JwsAlgorithm::EdDSA, JwsAlgorithm::ES256}) ASSERT_TRUE(here.ensure(algorithm));
  ASSERT_TRUE(there.tend());
  clock.advance(policy.spread + policy.every - policy.ahead);
  ASSERT_TRUE(here.tend());
  ASSERT_TRUE(there.tend());
  EXPECT_EQ(here.list().size(), 4U) << "each has its successor, published before it signs";
  EXPECT_EQ(here.jwks(), there.jwks());
  const auto lifetime = days{1};  // the longest that a token may live
  clock.advance(policy.ahead - seconds{1});
  const auto before = here.sign(claims(lifetime), kTyp, JwsAlgorithm::ES256).value();
  clock.advance(seconds{1});
  const auto after = there.sign(claims(lifetime), kTyp, JwsAlgorithm::ES256).value();
  EXPECT_NE(kid_of(before), kid_of(after));
  for (auto* keys : {&here, &there}) {
    ASSERT_TRUE(keys->tend());
    EXPECT_TRUE(keys->verify(after, kTyp, clock.now()));
  }
  clock.advance(lifetime - seconds{2});
  ASSERT_TRUE(here.tend());
  EXPECT_TRUE(here.verify(before, kTyp, clock.now())) << "a token lives to its end";
  clock.advance(policy.kept + seconds{2});
  ASSERT_TRUE(here.tend());
  ASSERT_TRUE(there.tend());
  EXPECT_EQ(there.list().size(), 2U) << "then the old keys are forgotten everywhere";
  for (const auto& info : there.list()) EXPECT_NE(info.kid, kid_of(before));
}

TEST_F(SigningTest, ARotationAtOnceSignsWhenEveryProcessKnowsIt) {
  const RotationPolicy policy;
  SigningKeys keys{*database, clock, keyring, policy};
  ASSERT_TRUE(keys.ensure(JwsAlgorithm::ES256));
  clock.advance(policy.spread);
  const auto before = kid_of(keys.sign(claims(), kTyp, JwsAlgorithm::ES256).value());
  EXPECT_EQ(keys.rotate(true).value(), 1);
  EXPECT_EQ(kid_of(keys.sign(claims(), kTyp, JwsAlgorithm::ES256).value()), before);
  clock.advance(policy.spread);
  EXPECT_NE(kid_of(keys.sign(claims(), kTyp, JwsAlgorithm::ES256).value()), before);
}

TEST_F(SigningTest, KeysOfAnotherKeyringDoNotOpen) {
  SigningKeys keys{*database, clock, keyring};
  ASSERT_TRUE(keys.ensure(JwsAlgorithm::EdDSA));
  std::map<std::uint32_t, SecretBytes> masters;
  masters.emplace(1, SecretBytes{Bytes(32, 9)});
  const auto other = crypto::Keyring::create(std::move(masters), SecretBytes{Bytes(32, 2)}).value();
  SigningKeys stranger{*database, clock, other};
  EXPECT_FALSE(stranger.start());
}

TEST_F(SigningTest, AHeaderChoosesNeitherKeyNorAlgorithmNorKind) {
  SigningKeys keys{*database, clock, keyring};
  ASSERT_TRUE(keys.ensure(JwsAlgorithm::EdDSA));
  const auto token = keys.sign(claims(), kTyp, JwsAlgorithm::EdDSA).value();
  EXPECT_TRUE(keys.verify(token, kTyp, clock.now()));
  EXPECT_FALSE(keys.verify(token, "JWT", clock.now())) << "another kind";
  const auto rest = token.substr(token.find('.'));
  const auto with = [&](json::object header) { return base64url_encode(as_bytes(json::serialize(header))) + rest; };
  auto header = header_of(token);
  for (const auto* algorithm : {"none", "HS256", "ES256", "Ed25519", "eddsa"}) {
    auto changed = header;
    changed["alg"] = algorithm;
    EXPECT_FALSE(keys.verify(with(changed), kTyp, clock.now())) << algorithm;
  }
  auto unknown = header;
  unknown["kid"] = "another";
  EXPECT_FALSE(keys.verify(with(unknown), kTyp, clock.now()));
  auto nameless = header;
  nameless.erase("kid");
  EXPECT_FALSE(keys.verify(with(nameless), kTyp, clock.now()));
  for (const auto* member : {"jku", "jwk", "x5u", "crit"}) {
    auto more = header;
    more[member] = "https://evil.example/keys";
    EXPECT_FALSE(keys.verify(with(more), kTyp, clock.now())) << member;
  }
}

}  // namespace
}  // namespace authx::signing
