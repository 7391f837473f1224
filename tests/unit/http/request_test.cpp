#include "http/request.h"

#include <gtest/gtest.h>

namespace authx::http {
namespace {

TEST(Query, DecodesPairs) {
  const auto pairs = parse_query("a=1&b=%41+c&&flag&e=");
  ASSERT_TRUE(pairs);
  const std::vector<std::pair<std::string, std::string>> expected{{"a", "1"}, {"b", "A c"}, {"flag", ""}, {"e", ""}};
  EXPECT_EQ(*pairs, expected);
}

TEST(Query, RefusesBrokenEscapesAndFloods) {
  EXPECT_FALSE(parse_query("a=%4"));
  EXPECT_FALSE(parse_query("a=%zz"));
  std::string flood;
  for (int i = 0; i < 65; ++i) flood += "a=1&";
  EXPECT_FALSE(parse_query(flood));
}

}  // namespace
}  // namespace authx::http
