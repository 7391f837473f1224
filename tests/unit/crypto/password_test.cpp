#include "crypto/password.h"

#include <gtest/gtest.h>

namespace authx::crypto {
namespace {

constexpr PasswordCost kQuick{64, 1};

TEST(Password, VerifiesOnlyTheHashedOne) {
  const auto phc = hash_password("correct horse", kQuick).value();
  EXPECT_TRUE(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  EXPECT_TRUE(verify_password("correct horse", phc));
  EXPECT_FALSE(verify_password("correct horsE", phc));
  EXPECT_FALSE(verify_password("", phc));
  EXPECT_FALSE(verify_password(std::string_view{"correct horse\0", 14}, phc));
}

TEST(Password, TheSameOneHashesDifferentlyEachTime) { EXPECT_NE(hash_password("x", kQuick).value(), hash_password("x", kQuick).value()); }

TEST(Password, RefusesAnotherVariantOrLaneCount) {
  const auto phc = hash_password("x", kQuick).value();
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"argon2id", "argon2i"}, {"argon2id", "argon2d"}, {"p=1", "p=2"}, {"v=19", "v=16"}, {"t=1", "t=2"}, {"m=64", "m=128"}}) {
    auto changed = phc;
    changed.replace(changed.find(from), from.size(), to);
    EXPECT_FALSE(verify_password("x", changed)) << changed;
  }
}

TEST(Password, AMalformedHashVerifiesNothing) {
  const auto phc = hash_password("x", kQuick).value();
  for (const std::string& bad : {std::string{}, std::string{"$"}, std::string{"x"}, std::string{"$argon2id$v=19$m=64,t=1,p=1$"}, phc + "A",
                                 phc.substr(0, phc.size() - 1), " " + phc, phc + std::string(1, '\0'), std::string(500, 'a'),
                                 std::string{"$2b$12$abcdefghijklmnopqrstuu"}}) {
    EXPECT_FALSE(verify_password("x", bad)) << bad;
  }
}

TEST(Password, AHashThatClaimsAbsurdCostIsRefusedUnhashed) {
  const auto phc = hash_password("x", kQuick).value();
  for (const auto* cost : {"m=4294967295,t=1", "m=64,t=4294967295", "m=99999999999,t=1", "m=0,t=1", "m=64,t=0", "m=-1,t=1"}) {
    auto changed = phc;
    changed.replace(changed.find("m=64,t=1"), 8, cost);
    EXPECT_FALSE(verify_password("x", changed)) << cost;
  }
}

TEST(Password, RehashIsNeededForAnotherCostOrForm) {
  const auto phc = hash_password("x", kQuick).value();
  EXPECT_FALSE(needs_rehash(phc, kQuick));
  EXPECT_TRUE(needs_rehash(phc, {64, 2}));
  EXPECT_TRUE(needs_rehash(phc, {128, 1}));
  EXPECT_TRUE(needs_rehash("$2b$12$abcdefghijklmnopqrstuu", kQuick));
}

TEST(Password, AnOverlongOneIsRefused) {
  EXPECT_EQ(hash_password(std::string(5000, 'x'), kQuick).error().code, Errc::validation);
  EXPECT_FALSE(verify_password(std::string(5000, 'x'), hash_password("x", kQuick).value()));
}

TEST(Password, AnAbsurdCostIsRefused) {
  EXPECT_FALSE(hash_password("x", {4, 1}));
  EXPECT_FALSE(hash_password("x", {2 * 1024 * 1024, 1}));
  EXPECT_FALSE(hash_password("x", {64, 0}));
}

}  // namespace
}  // namespace authx::crypto
