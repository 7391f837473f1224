#include "services/scim/filter.h"

#include <gtest/gtest.h>

namespace authx::scim {
namespace {

json::object person() {
  return parse_json(R"({
    "id":"7","externalId":"Ext-1","userName":"Jo@Example.org","active":true,"title":"Engineer","name":{"givenName":"Jo","familyName":"O'Malley"},
    "emails":[{"value":"jo@example.org","type":"work","primary":true},{"value":"jo@home.example","type":"home"}],
    "meta":{"created":"2024-01-01T10:00:00Z"},
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales","manager":{"value":"m1"}}})")
      ->as_object();
}

bool passes(std::string_view text) {
  const auto filter = Filter::parse(text);
  EXPECT_TRUE(filter) << text << ": " << (filter ? "" : filter.error().faults.at(0).reason);
  return filter && filter->matches(person(), user_schema());
}

TEST(ScimFilter, EveryOperatorComparesAsTheStandardSays) {
  for (const auto text : {R"(userName eq "jo@example.org")",
                          R"(USERNAME Eq "JO@EXAMPLE.ORG")",
                          R"(title co "gine")",
                          R"(title sw "eng")",
                          R"(title ew "EER")",
                          R"(title gt "a")",
                          R"(title ge "engineer")",
                          R"(title lt "f")",
                          R"(title le "engineer")",
                          "title pr",
                          R"(title ne "Boss")",
                          "active eq true",
                          R"(active eq "True")",
                          "active ne false",
                          R"(name.familyName eq "o'malley")",
                          R"(externalId eq "Ext-1")",
                          R"(meta.created lt "2024-01-01T12:00:00+01:00")",
                          R"(emails eq "jo@home.example")",
                          R"(emails.type eq "home")",
                          R"(emails[type eq "work" and value co "@example.org"])",
                          "nickName eq null",
                          "title ne null",
                          R"(urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales")",
                          R"(urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "m1")",
                          R"(urn:ietf:params:scim:schemas:core:2.0:User:userName sw "jo")",
                          R"(nickName ne "x")"})
    EXPECT_TRUE(passes(text)) << text;
  for (const auto text :
       {R"(userName eq "other")", R"(externalId eq "ext-1")", R"(meta.created lt "2024-01-01T10:00:00Z")", "active eq false",
        R"(nickName eq "x")", "nickName pr", R"(title ne "engineer")", R"(emails[type eq "home" and value co "@example.org"])",
        R"(department eq "sales")", "title eq 5", R"(emails ne "jo@example.org")"})
    EXPECT_FALSE(passes(text)) << text;
}

TEST(ScimFilter, OrBindsLoosestAndNotTightest) {
  EXPECT_TRUE(passes(R"(title pr or nickName pr and userName eq "x")"));
  EXPECT_FALSE(passes(R"((title pr or nickName pr) and userName eq "x")"));
  EXPECT_TRUE(passes(R"(not (nickName pr) and title pr)"));
  EXPECT_FALSE(passes(R"(not (nickName pr or title pr))"));
  EXPECT_TRUE(passes(R"(nickName pr or nickName pr or title pr)"));
}

TEST(ScimFilter, WhatIsNoFilterIsRefusedAsThat) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "(";
  std::string many = "title pr";
  for (int i = 0; i < 70; ++i) many += " or title pr";
  for (const std::string& text : {std::string{},
                                  std::string{"title"},
                                  std::string{"title eq"},
                                  std::string{R"(title xx "a")"},
                                  std::string{R"(title eq "a)"},
                                  std::string{R"(title eq "a" and)"},
                                  std::string{R"(title eq "a" title pr)"},
                                  std::string{R"((title pr)"},
                                  std::string{R"(title pr))"},
                                  std::string{R"(emails[type eq "a")"},
                                  std::string{R"(emails[emails[type pr]])"},
                                  std::string{"1title pr"},
                                  std::string{"title eq {}"},
                                  std::string{"title gt true"},
                                  std::string{"not title pr"},
                                  std::string{R"(urn:x:y:title eq "a")"},
                                  std::string{"title eq \"\\"},
                                  std::string{R"(title eq 'a')"},
                                  deep,
                                  many,
                                  "title eq \"" + std::string(3000, 'a') + '"',
                                  std::string{"' OR 1=1 --"}}) {
    const auto filter = Filter::parse(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error().faults.at(0).field, "invalidFilter");
  }
}

TEST(ScimFilter, OnlyWhatMustHoldIsLookedUp) {
  EXPECT_EQ(Filter::parse(R"(active eq true and userName eq "a")")->must_equal("username"), "a");
  EXPECT_FALSE(Filter::parse(R"(active eq true or userName eq "a")")->must_equal("userName"));
  EXPECT_FALSE(Filter::parse(R"(not (userName eq "a"))")->must_equal("userName"));
  EXPECT_FALSE(Filter::parse(R"(userName ne "a")")->must_equal("userName"));
  EXPECT_TRUE(Filter::parse(R"(displayName pr and members[value eq "a"])")->mentions("members"));
}

TEST(ScimPath, PointsAtAttributesElementsAndExtensions) {
  const auto path = PatchPath::parse(R"(emails[type eq "work"].value)");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->at.name, "emails");
  EXPECT_EQ(path->at.sub, "value");
  ASSERT_TRUE(path->elements);
  const auto extension = PatchPath::parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User");
  ASSERT_TRUE(extension);
  EXPECT_TRUE(extension->at.name.empty());
  EXPECT_EQ(extension->at.schema, kEnterpriseSchema);
  for (const auto text : {"", "a.b.c", "emails[", "emails[type eq \"a\"]x", "emails[type eq \"a\"].", ".a", "a b", "urn:other:thing"})
    EXPECT_FALSE(PatchPath::parse(text)) << text;
}

}  // namespace
}  // namespace authx::scim
