#include "services/auth/cookies.h"

#include <gtest/gtest.h>

namespace authx::auth {
namespace {

TEST(Cookies, FindsOneByItsExactName) {
  EXPECT_EQ(cookie("a=1; __Host-authx_refresh=abc; b=2", kRefreshCookie), "abc");
  EXPECT_EQ(cookie("__Host-authx_refresh=abc", kRefreshCookie), "abc");
  EXPECT_EQ(cookie("x__Host-authx_refresh=abc; __Host-authx_refreshx=d", kRefreshCookie), "");
  EXPECT_EQ(cookie("", kRefreshCookie), "");
  EXPECT_EQ(cookie(";;=;a", kRefreshCookie), "");
}

TEST(Cookies, ARepeatedOrHugeOneIsNone) {
  EXPECT_EQ(cookie("__Host-authx_refresh=a; __Host-authx_refresh=b", kRefreshCookie), "");
  EXPECT_EQ(cookie("__Host-authx_refresh=" + std::string(5000, 'a'), kRefreshCookie), "");
}

TEST(Cookies, AreForThisHostOverTlsAndThisSiteAlone) {
  const auto line = set_cookie(kRefreshCookie, "v", std::chrono::seconds{60}, false).second;
  EXPECT_EQ(line, "__Host-authx_refresh=v; Path=/; Secure; SameSite=Strict; Max-Age=60; HttpOnly");
  EXPECT_EQ(set_cookie(kCsrfCookie, "v", std::chrono::seconds{60}, true).second.find("HttpOnly"), std::string::npos);
}

}  // namespace
}  // namespace authx::auth
