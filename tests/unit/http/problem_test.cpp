#include "http/problem.h"

#include <gtest/gtest.h>

namespace authx::http {
namespace {

TEST(Problem, FillsTheEnvelopeAndKeepsTheDetailInside) {
  Error error = Error::invalid({{"email", "must be an e-mail address"}, {"items[0].x", "unknown field"}});
  error.detail = "cause for the log only";
  const auto response = problem(error, {"req_9", "1.2.3.4", "ua", {}}, Time{}, false);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body.find("cause for the log"), std::string::npos);
  const auto body = json::parse(response.body);
  EXPECT_EQ(body.at("success"), json::value(false));
  const auto& e = body.at("error");
  EXPECT_EQ(e.at("code"), "VALIDATION_ERROR");
  EXPECT_EQ(e.at("details").at("field"), "email");
  EXPECT_EQ(e.at("details").at("reason"), "must be an e-mail address");
  EXPECT_EQ(e.at("details").at("errors").at(1).at("path"), "$.items[0].x");
  EXPECT_EQ(e.at("timestamp"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(e.at("request_id"), "req_9");
}

TEST(Problem, SpeaksRfc9457WhenAsked) {
  const auto response = problem(Errc::not_found, {"req_9", "", "", {}}, Time{}, true);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto body = json::parse(response.body);
  EXPECT_EQ(body.at("status").as_int64(), 404);
  EXPECT_EQ(body.at("title"), "Not found");
}

TEST(Problem, TellsWhenToComeBack) {
  Error limited{Errc::rate_limited};
  limited.retry_after = std::chrono::seconds{7};
  const auto response = problem(limited, {}, Time{}, false);
  EXPECT_EQ(response.status, 429);
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0], (std::pair<std::string, std::string>{"Retry-After", "7"}));
}

}  // namespace
}  // namespace authx::http
