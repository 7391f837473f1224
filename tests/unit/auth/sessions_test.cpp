#include "services/auth/sessions.h"

#include <gtest/gtest.h>

#include "services/auth/guess_guard.h"

namespace authx::auth {
namespace {

TEST(Sessions, DevicesAreNamedAsPeopleKnowThem) {
  EXPECT_EQ(
      device_label("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"),
      "Edge on Windows");
  EXPECT_EQ(
      device_label("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1"),
      "Safari on iPhone");
  EXPECT_EQ(device_label("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"), "Chrome on Android");
  EXPECT_EQ(device_label("curl/8.1"), "curl");
  EXPECT_EQ(device_label(""), "Unknown device");
  EXPECT_EQ(device_label("<script>alert(1)</script>"), "Unknown device");
}

TEST(Sessions, ATokenOfAnotherFormNamesNoSession) {
  for (const auto* text : {"", "axr_", "axr_AAAA", "AAAA", "axr_!!!!"}) EXPECT_FALSE(Sessions::session_of(text)) << text;
}

TEST(GuessGuard, AnAddressGroupIsWhatOneHolderVaries) {
  EXPECT_EQ(address_group("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), address_group("2001:db8:1:2:ffff::1"));
  EXPECT_NE(address_group("2001:db8:1:2::1"), address_group("2001:db8:1:3::1"));
  EXPECT_EQ(address_group(""), "");
}

}  // namespace
}  // namespace authx::auth
