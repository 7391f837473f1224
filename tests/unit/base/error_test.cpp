#include "base/error.h"

#include <gtest/gtest.h>

namespace authx {
namespace {

// Clients switch on these words: a change here breaks them.
TEST(ErrorCode, WordsAreFrozen) {
  EXPECT_EQ(to_string(Errc::validation), "VALIDATION_ERROR");
  EXPECT_EQ(to_string(Errc::unauthenticated), "AUTHENTICATION_REQUIRED");
  EXPECT_EQ(to_string(Errc::invalid_credentials), "INVALID_CREDENTIALS");
  EXPECT_EQ(to_string(Errc::insufficient_authentication), "INSUFFICIENT_USER_AUTHENTICATION");
  EXPECT_EQ(to_string(Errc::forbidden), "PERMISSION_DENIED");
  EXPECT_EQ(to_string(Errc::not_found), "NOT_FOUND");
  EXPECT_EQ(to_string(Errc::method_not_allowed), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(to_string(Errc::conflict), "CONFLICT");
  EXPECT_EQ(to_string(Errc::payload_too_large), "PAYLOAD_TOO_LARGE");
  EXPECT_EQ(to_string(Errc::unsupported_media_type), "UNSUPPORTED_MEDIA_TYPE");
  EXPECT_EQ(to_string(Errc::request_timeout), "REQUEST_TIMEOUT");
  EXPECT_EQ(to_string(Errc::rate_limited), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(to_string(Errc::overloaded), "OVERLOADED");
  EXPECT_EQ(to_string(Errc::capability_unavailable), "CAPABILITY_UNAVAILABLE");
  EXPECT_EQ(to_string(Errc::unavailable), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(to_string(Errc::internal), "INTERNAL_ERROR");
}

}  // namespace
}  // namespace authx
