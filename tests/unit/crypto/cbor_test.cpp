#include "crypto/cbor.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace authx::crypto::cbor {
namespace {

Result<Parsed> parse_hex(std::string_view hex) {
  static std::vector<Bytes> kept;  // items are views
  kept.push_back(hex_decode(hex).value());
  return parse(kept.back());
}

TEST(Cbor, ReadsTheExamplesOfRfc8949AppendixA) {
  constexpr std::pair<std::string_view, std::int64_t> integers[] = {
      {"00", 0},  {"17", 23},  {"1818", 24},   {"1903e8", 1000}, {"1a000f4240", 1000000},
      {"20", -1}, {"29", -10}, {"3863", -100}, {"3903e7", -1000}};
  for (const auto& [hex, value] : integers) {
    const auto parsed = parse_hex(hex);
    ASSERT_TRUE(parsed) << hex;
    EXPECT_EQ(parsed->item.kind, Kind::integer);
    EXPECT_EQ(parsed->item.integer, value);
  }
  EXPECT_EQ(parse_hex("6449455446")->item.text(), "IETF");
  EXPECT_EQ(hex_encode(parse_hex("4401020304")->item.bytes), "01020304");
  EXPECT_TRUE(parse_hex("f5")->item.boolean);
  EXPECT_EQ(parse_hex("f6")->item.kind, Kind::null);
  const auto map = parse_hex("a26161016162820203");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->item.find("a")->integer, 1);
  EXPECT_EQ(map->item.find("b")->items.at(1).integer, 3);
  EXPECT_EQ(map->item.find("c"), nullptr);
}

TEST(Cbor, SaysHowMuchItTook) { EXPECT_EQ(parse_hex("00ff")->size, 1U); }

TEST(Cbor, RefusesWhatIsNotCanonicalOrTooMuch) {
  for (const auto* hex : {"",                                                   // nothing
                          "18",                                                 // cut
                          "1817",                                               // longer than needed
                          "1900ff",                                             // longer than needed
                          "5f42010243030405ff",                                 // indefinite
                          "9fff", "bfff",                                       // indefinite
                          "c11a514b67b0",                                       // a tag
                          "f93c00", "fb3ff199999999999a",                       // floats
                          "f7",                                                 // undefined
                          "a2616201616102",                                     // keys out of order
                          "a2616101616102",                                     // a key twice
                          "a1f500",                                             // a key that is no name
                          "1bffffffffffffffff",                                 // beyond 63 bits
                          "5bffffffffffffffff00",                               // a length beyond the input
                          "9bffffffffffffffff", "9a00010000", "818181818181"})  // depth
    EXPECT_FALSE(parse_hex(hex)) << hex;
  EXPECT_FALSE(parse(Bytes(17 * 1024, 0)));
}

}  // namespace
}  // namespace authx::crypto::cbor
