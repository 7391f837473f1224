#include "http/contract.h"

#include <gtest/gtest.h>

namespace authx::http {
namespace {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Inner {
  Int<1, 5> count;
  std::optional<Colour> colour;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (count, colour))

struct Outer {
  Text<2, 5> name;
  Email email;
  std::optional<Date> dob;
  List<Inner, 1, 2> items;
  std::optional<Unit> share;
  std::optional<bool> flag;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, email, dob, items, share, flag))

struct Answer {
  std::string text;
  std::optional<double> score;
  std::vector<Uuid> ids;
  Colour colour = Colour::green;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (text, score, ids, colour))

std::vector<std::pair<std::string, std::string>> faults_of(std::string_view text) {
  Outer out;
  Faults faults;
  Codec<Outer>::parse(json::parse({text.data(), text.size()}), out, "", faults);
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& f : faults.take()) list.emplace_back(f.field, f.reason);
  return list;
}

TEST(Contract, AcceptsAValidObjectAndNormalises) {
  Outer out;
  Faults faults;
  Codec<Outer>::parse(
      json::parse(R"({"name":" Ann ","email":"Ann@Example.COM","dob":"1990-01-01","items":[{"count":2,"colour":"red"}],"share":0.5})"), out,
      "", faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(out.name.value, "Ann");
  EXPECT_EQ(out.email.value, "ann@example.com");
  EXPECT_EQ(out.items.value.at(0).colour, Colour::red);
  EXPECT_FALSE(out.flag);
}

TEST(Contract, NamesEveryFaultAtOnceWithItsPath) {
  const auto faults = faults_of(
      R"({"name":"x","email":"nobody","dob":"1990-02-30","items":[{"count":9},{"count":1,"colour":"blue"},{"count":1}],"share":2,"flag":"yes","more":1})");
  const std::vector<std::pair<std::string, std::string>> expected{{"name", "must have 2 to 5 characters"},
                                                                  {"email", "must be an e-mail address"},
                                                                  {"dob", "must be a date as YYYY-MM-DD"},
                                                                  {"items", "must have 1 to 2 items"},
                                                                  {"share", "must be between 0 and 1"},
                                                                  {"flag", "must be true or false"},
                                                                  {"more", "unknown field"}};
  EXPECT_EQ(faults, expected);
  const auto nested = faults_of(R"({"name":"ann","email":"a@b.co","items":[{"count":9},{"colour":"blue","x":1}]})");
  const std::vector<std::pair<std::string, std::string>> inside{{"items[0].count", "must be between 1 and 5"},
                                                                {"items[1].count", "is required"},
                                                                {"items[1].colour", "must be one of: red, green"},
                                                                {"items[1].x", "unknown field"}};
  EXPECT_EQ(nested, inside);
}

TEST(Contract, RefusesTextThatIsNotUtf8OrHoldsControlCharacters) {
  for (const std::string& bad : std::vector<std::string>{"a\xC3", "\xC0\xAF", "\xED\xA0\x80", "a\nb", "a\x7F", std::string{"a\0b", 3}}) {
    std::string out;
    Faults faults;
    EXPECT_FALSE(parse_text(json::value(json::string_view{bad.data(), bad.size()}), out, 1, 10, "t", faults)) << bad;
  }
}

TEST(Contract, CountsCodePointsNotBytes) {
  std::string out;
  Faults faults;
  EXPECT_TRUE(parse_text(json::value("भारत"), out, 4, 4, "t", faults));
}

TEST(Email, IsStrictAboutWhatMailServersRefuse) {
  for (const auto* bad :
       {"", "@", "a@", "@b.co", "a@b", "a@@b.co", "a b@c.de", "a@b..co", "a@-b.co", "a@b-.co", "a@b.co.", "a@b.c\r\nBcc: x@y.zz"}) {
    Email out;
    Faults faults;
    Codec<Email>::parse(json::value(bad), out, "e", faults);
    EXPECT_FALSE(faults.empty()) << bad;
  }
}

TEST(Base64Field, TakesADataUrlAndRefusesTooMuch) {
  Base64<3> out;
  Faults faults;
  Codec<Base64<3>>::parse(json::value("data:image/png;base64,Zm9v"), out, "f", faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(out.value, to_bytes("foo"));
  Codec<Base64<3>>::parse(json::value("Zm9vYg=="), out, "f", faults);
  EXPECT_FALSE(faults.empty());
}

TEST(Responses, AreWrittenAsDescribedWithNullsAndEscapes) {
  Answer a{"q\"\\\n\x01é", std::nullopt, {Uuid{}}, Colour::red};
  EXPECT_EQ(to_json(a),
            "{\"text\":\"q\\\"\\\\\\n\\u0001é\",\"score\":null,\"ids\":[\"00000000-0000-0000-0000-000000000000\"],\"colour\":\"red\"}");
  a.score = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(to_json(a).find("\"score\":null"), std::string::npos);
}

TEST(Schema, SaysWhatTheParserEnforces) {
  Schemas schemas;
  const auto ref = Codec<Outer>::schema(schemas);
  EXPECT_EQ(ref.at("$ref").as_string(), "#/components/schemas/Outer");
  const auto& outer = schemas.at("Outer").as_object();
  EXPECT_EQ(outer.at("additionalProperties"), json::value(false));
  EXPECT_EQ(json::serialize(outer.at("required")), R"(["name","email","items"])");
  EXPECT_EQ(outer.at("properties").at("name").at("maxLength").to_number<int>(), 5);
  EXPECT_TRUE(schemas.contains("Inner"));
  Codec<Answer>::schema(schemas);
  EXPECT_EQ(json::serialize(schemas.at("Answer").at("required")), R"(["text","score","ids","colour"])");
}

}  // namespace
}  // namespace authx::http
