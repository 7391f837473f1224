#include "base/json.h"

#include <gtest/gtest.h>

namespace authx {
namespace {

TEST(ParseJson, TakesWhatCanBeWrittenAgain) {
  for (const std::string_view text : {R"({"a":[1,-2.5,1e308],"b":{"c":null}})", "[]", "\"x\"", "true", "18446744073709551615"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_TRUE(parse_json(json::serialize(*value))) << text;
  }
}

TEST(ParseJson, RefusesNumbersBeyondADoublesRange) {
  for (const std::string_view text : {"1e400", R"({"a":[{"b":-1e400}]})", "[1000000000000000001e1050]"})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_FALSE(parse_json("[1" + std::string(400, '0') + "]"));
}

TEST(ParseJson, RefusesWhatIsNoDocument) {
  for (const std::string_view text : {"", "{", "{} {}", "[1,]", "nul", "Infinity", "'a'"}) EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
}

}  // namespace
}  // namespace authx
