#include "services/auth/revocations.h"

#include <functional>
#include <thread>

#include "fixture.h"

namespace authx::auth {
namespace {

using std::chrono::milliseconds;

class RevocationsTest : public signing::SigningTest {
 protected:
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

}  // namespace
}  // namespace authx::auth
