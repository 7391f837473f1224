#include "services/auth/revocations.h"

#include <functional>
#include <thread>

#include "fixture.h"

namespace authx::auth {
namespace {

using std::chrono::milliseconds;

class RevocationsTest : public signing::SigningTest {
 protected:
  void sql(std::string_view text) {
    ASSERT_TRUE(database->write([&](db::Tx& tx) -> Result<> {
      AX_CHECK(tx.exec({text, text}));
      return {};
    })) << text;
  }
  static bool eventually(const std::function<bool()>& holds) {
    for (int turn = 0; turn < 200; ++turn) {
      if (holds()) return true;
      std::this_thread::sleep_for(milliseconds{50});
    }
    return false;
  }
};

TEST_F(RevocationsTest, WhatAnotherProcessEndsIsKnownHere) {
  Revocations here{*database, clock, std::chrono::hours{1}};
  Revocations there{*database, clock, std::chrono::hours{1}};
  ASSERT_TRUE(here.start());
  const auto session = Uuid::generate(clock.now());
  ASSERT_TRUE(database->write([&](db::Tx& tx) { return there.add(tx, session); }));
  EXPECT_TRUE(there.contains(session)) << "at once";
  EXPECT_TRUE(eventually([&] { return here.contains(session); }));
}

/// Fails closed (ASVS 16.5.3).
TEST_F(RevocationsTest, WhoCannotReadThemLetsNobodyIn) {
  Revocations revocations{*database, clock, std::chrono::hours{1}, milliseconds{1500}};
  ASSERT_TRUE(revocations.start());
  EXPECT_TRUE(revocations.fresh());
  sql("ALTER TABLE session_revocations RENAME TO gone");
  EXPECT_TRUE(eventually([&] { return !revocations.fresh(); }));
  sql("ALTER TABLE gone RENAME TO session_revocations");
  EXPECT_TRUE(eventually([&] { return revocations.fresh(); })) << "and comes back by itself";
}

}  // namespace
}  // namespace authx::auth
