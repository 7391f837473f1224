#include "services/scim/patch.h"

#include <gtest/gtest.h>

namespace authx::scim {
namespace {

const char* const kPerson = R"({"userName":"jo@example.org","active":true,"name":{"givenName":"Jo","familyName":"Old"},
  "emails":[{"value":"a@example.org","type":"work","primary":true},{"value":"b@example.org","type":"home"}]})";
const char* const kGroup = R"({"displayName":"Sales","members":[{"value":"1"},{"value":"2"},{"value":"3"}]})";

Result<json::object> run(const char* resource, const std::string& operations, const Schema& schema = user_schema()) {
  const auto document = R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[)" + operations + "]}";
  return patched(parse_json(resource)->as_object(), parse_json(document)->as_object(), schema);
}

json::object done(const char* resource, const std::string& operations, const Schema& schema = user_schema()) {
  auto out = run(resource, operations, schema);
  EXPECT_TRUE(out) << operations << ": " << (out ? "" : out.error().faults.at(0).reason);
  return out ? *out : json::object{};
}

std::string refusal(const char* resource, const std::string& operations, const Schema& schema = user_schema()) {
  const auto out = run(resource, operations, schema);
  return out ? "none" : out.error().faults.at(0).field;
}

TEST(ScimPatch, BooleansComeAsTextsFromEntra) {
  EXPECT_EQ(done(kPerson, R"({"op":"Replace","path":"active","value":"False"})").at("active"), false);
  EXPECT_EQ(done(kPerson, R"({"op":"replace","value":{"active":false}})").at("active"), false);
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"active","value":"perhaps"})"), "invalidValue");
}

TEST(ScimPatch, ValuesWithoutAPathMayNamePaths) {
  const auto out = done(kPerson, R"({"op":"replace","value":{"name.givenName":"Ann","title":"Boss","id":"x","groups":[],"unknown":1,
    "emails[type eq \"work\"].value":"new@example.org",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"m1"},
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Sales"}})");
  EXPECT_EQ(out.at("name").at("givenName"), "Ann");
  EXPECT_EQ(out.at("name").at("familyName"), "Old");
  EXPECT_EQ(out.at("title"), "Boss");
  EXPECT_EQ(out.at("emails").at(0).at("value"), "new@example.org");
  EXPECT_EQ(out.at(kEnterpriseSchema.data()).at("manager").at("value"), "m1");
  EXPECT_EQ(out.at(kEnterpriseSchema.data()).at("department"), "Sales");
  EXPECT_FALSE(out.contains("unknown") || out.contains("id"));
}

TEST(ScimPatch, ElementsAreFoundMadeAndRemovedByFilter) {
  EXPECT_EQ(
      done(kPerson, R"({"op":"add","path":"emails[type eq \"other\"].value","value":"c@example.org"})").at("emails").as_array().size(), 3U);
  const auto left = done(kPerson, R"({"op":"remove","path":"emails[type eq \"work\"]"})").at("emails").as_array();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].at("type"), "home");
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"emails[type co \"zzz\"].value","value":"c@example.org"})"), "noTarget");
  EXPECT_FALSE(done(kPerson, R"({"op":"remove","path":"emails"})").contains("emails"));
}

TEST(ScimPatch, OnlyTheNewestPrimaryStays) {
  const auto emails =
      done(kPerson, R"({"op":"add","path":"emails","value":[{"value":"c@example.org","primary":true}]})").at("emails").as_array();
  ASSERT_EQ(emails.size(), 3U);
  EXPECT_EQ(emails[0].at("primary"), false);
  EXPECT_EQ(emails[2].at("primary"), true);
}

TEST(ScimPatch, MembersComeAndGo) {
  const auto& groups = group_schema();
  const auto count = [&](const std::string& op) {
    const auto out = done(kGroup, op, groups);
    return out.contains("members") ? out.at("members").as_array().size() : 0U;
  };
  EXPECT_EQ(count(R"({"op":"Add","path":"members","value":[{"value":"4"},{"value":"1"}]})"), 4U);
  EXPECT_EQ(count(R"({"op":"remove","path":"members[value eq \"2\"]"})"), 2U);
  EXPECT_EQ(count(R"({"op":"Remove","path":"members","value":[{"value":"1"},{"value":"3"}]})"), 1U);
  EXPECT_EQ(count(R"({"op":"remove","path":"members"})"), 0U);
  EXPECT_EQ(count(R"({"op":"replace","path":"members","value":[{"value":"9"}]})"), 1U);
  EXPECT_EQ(count(R"({"op":"replace","value":{"id":"x","displayName":"New"}})"), 3U);
}

TEST(ScimPatch, WhatDoesNotFitIsToldByItsType) {
  EXPECT_EQ(refusal(kPerson, R"({"op":"remove"})"), "noTarget");
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"id","value":"x"})"), "mutability");
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"groups","value":[]})"), "mutability");
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"meta.created","value":"x"})"), "mutability");
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"nothing","value":"x"})"), "invalidPath");
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"name[a eq 1]","value":"x"})"), "invalidPath");
  EXPECT_EQ(refusal(kPerson, R"({"op":"copy","path":"title","value":"x"})"), "invalidSyntax");
  EXPECT_EQ(refusal(kPerson, R"({"op":"add","path":"title"})"), "invalidValue");
  EXPECT_EQ(refusal(kPerson, R"({"op":"remove","path":"userName"})"), "invalidValue");
  EXPECT_EQ(refusal(kPerson, R"({"op":"replace","path":"title","value":{"a":1}})"), "invalidValue");
  EXPECT_EQ(refusal(kPerson, R"("text")"), "invalidSyntax");
  EXPECT_FALSE(patched({}, parse_json(R"({"Operations":[]})")->as_object(), user_schema()));
}

TEST(ScimProjection, KeepsWhatIsAskedAndAlwaysTheId) {
  const auto whole =
      parse_json(R"({"id":"1","schemas":["s"],"userName":"a","name":{"givenName":"J","familyName":"O"},"title":"t"})")->as_object();
  const auto names = [](const json::object& in) {
    std::string out;
    for (const auto& [key, value] : in) out += std::string{key} + " ";
    return out;
  };
  EXPECT_EQ(names(projected(whole, "USERNAME,name.givenName", "")), "id schemas userName name ");
  EXPECT_FALSE(projected(whole, "name.givenName", "").at("name").as_object().contains("familyName"));
  EXPECT_EQ(names(projected(whole, "", "id,title,name")), "id schemas userName ");
}

}  // namespace
}  // namespace authx::scim
