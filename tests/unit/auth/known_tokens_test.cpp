#include "services/auth/known_tokens.h"

#include <gtest/gtest.h>

#include <thread>

namespace authx::auth {
namespace {

constexpr std::string_view kToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

Time at(std::int64_t seconds) { return Time{std::chrono::seconds{seconds}}; }

http::Principal person(http::Role role) {
  http::Principal out;
  out.role = role;
  return out;
}

TEST(KnownTokens, ATokenIsKnownFromItsVerificationToItsEnd) {
  const KnownTokens known;
  EXPECT_EQ(known.find(kToken, at(100)), nullptr);
  known.keep(kToken, at(100), at(200), person(http::Role::auditor));
  ASSERT_NE(known.find(kToken, at(100)), nullptr);
  EXPECT_EQ(known.find(kToken, at(199))->role, http::Role::auditor);
  EXPECT_EQ(known.find(kToken, at(200)), nullptr);
  EXPECT_EQ(known.find(kToken, at(99)), nullptr) << "a clock that ran back";
}

TEST(KnownTokens, NoPartOfATokenMayDiffer) {
  const KnownTokens known;
  known.keep(kToken, at(100), at(200), person(http::Role::user));
  for (std::size_t i = 0; i < kToken.size(); ++i) {
    std::string other{kToken};
    other[i] = other[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(known.find(other, at(150)), nullptr) << i;
  }
  EXPECT_EQ(known.find(kToken.substr(0, kToken.size() - 1), at(150)), nullptr);
  EXPECT_EQ(known.find(std::string{kToken} + "A", at(150)), nullptr);
  EXPECT_EQ(known.find("", at(150)), nullptr);
}

TEST(KnownTokens, AnotherKeysTokensAreNotKnown) {
  const KnownTokens known;
  known.keep(kToken, at(100), at(200), person(http::Role::admin));
  const KnownTokens other;
  EXPECT_EQ(other.find(kToken, at(150)), nullptr);
}

TEST(KnownTokens, ThreadsShareNothing) {
  const KnownTokens known;
  known.keep(kToken, at(100), at(200), person(http::Role::user));
  const http::Principal* found = &*known.find(kToken, at(150));
  std::thread{[&] { found = known.find(kToken, at(150)); }}.join();
  EXPECT_EQ(found, nullptr);
}

TEST(KnownTokens, WhatIsTooLongIsNotKept) {
  const KnownTokens known;
  const std::string token(KnownTokens::kLongest + 1, 'a');
  known.keep(token, at(100), at(200), person(http::Role::user));
  EXPECT_EQ(known.find(token, at(150)), nullptr);
}

}  // namespace
}  // namespace authx::auth
