#include <gtest/gtest.h>

#include "engines/specimen/specimen.h"
#include "imaging/decode.h"
#include "services/documents/engine.h"
#include "services/documents/expiry.h"
#include "services/documents/receipt.h"

namespace authx::documents {
namespace {

constexpr Date kDay{std::chrono::year{2026}, std::chrono::month{6}, std::chrono::day{15}};

TEST(EngineVersion, IsComparedNumberByNumber) {
  EXPECT_TRUE(older("2026.11.2", "2026.11.10"));
  EXPECT_TRUE(older("2026.11", "2026.11.1"));
  EXPECT_TRUE(older("", "1"));
  EXPECT_FALSE(older("2026.11.2", "2026.11.2"));
  EXPECT_FALSE(older("2027.1", "2026.12"));
}

TEST(Expiry, ADocumentIsValidThroughItsLastDay) {
  using std::chrono::days;
  const Time noon = std::chrono::sys_days{kDay} + std::chrono::hours{12};
  EXPECT_EQ(expiry_state(kDay, noon, days{30}), "expiring");
  EXPECT_EQ(expiry_state(kDay, noon + days{1}, days{30}), "expired");
  EXPECT_EQ(expiry_state(kDay, noon - days{30}, days{30}), "expiring");
  EXPECT_EQ(expiry_state(kDay, noon - days{31}, days{30}), "valid");
}

TEST(PicturePrint, SurvivesScalingAndCompressionButTellsCardsOfOneDesignApart) {
  for (const auto kind : specimen::all_kinds()) {
    std::vector<PicturePrint> prints;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      specimen::Request request;
      request.kind = kind;
      request.seed = seed;
      request.today = kDay;
      const auto made = specimen::generate(request);
      ASSERT_TRUE(made);
      const auto& card = made->image;
      prints.push_back(picture_print(card));
      const auto jpeg = imaging::encode_jpeg(imaging::resize(card, card.width * 3 / 4, card.height * 3 / 4), 70);
      ASSERT_TRUE(jpeg);
      const auto again = imaging::decode(*jpeg);
      ASSERT_TRUE(again);
      EXPECT_TRUE(same_picture(prints.back(), picture_print(again->pages.front())))
          << specimen::to_string(kind) << " " << fine_difference(prints.back(), picture_print(again->pages.front()));
    }
    for (std::size_t i = 0; i < prints.size(); ++i)
      for (std::size_t j = i + 1; j < prints.size(); ++j)
        EXPECT_FALSE(same_picture(prints[i], prints[j])) << specimen::to_string(kind) << " " << fine_difference(prints[i], prints[j]);
  }
}

TEST(Receipt, ProvesItselfWhateverTheOrderOfItsMembers) {
  const auto key = crypto::Ed25519::from_seed(SecretBytes{Bytes(32, 9)});
  ASSERT_TRUE(key);
  Deletion d;
  d.document_id = *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91");
  d.deleted_at = std::chrono::sys_days{kDay};
  d.image_sha256 = "aa";
  d.objects = {{"front", 1, "bb", true}};
  d.rows = {{"documents", 1}};
  d.audit = {7, "cc"};
  const auto receipt = sign_receipt(d, *key);
  const json::value parsed = json::parse(json::serialize(receipt));
  ASSERT_TRUE(verify_receipt(parsed, *key));
  EXPECT_EQ(deletion_details(*verify_receipt(parsed, *key)), deletion_details(d));
  json::object reversed;
  std::vector<std::string> names;
  for (const auto& [name, value] : receipt) names.emplace_back(name);
  for (auto it = names.rbegin(); it != names.rend(); ++it) reversed[*it] = receipt.at(*it);
  EXPECT_TRUE(verify_receipt(reversed, *key));
  for (const auto& name : names) {
    auto altered = receipt;
    altered[name] = "0";
    EXPECT_FALSE(verify_receipt(altered, *key)) << name;
    altered.erase(name);
    EXPECT_FALSE(verify_receipt(altered, *key)) << name;
  }
  auto more = receipt;
  more["note"] = "x";
  EXPECT_FALSE(verify_receipt(more, *key));
  EXPECT_FALSE(verify_receipt(receipt, *crypto::Ed25519::from_seed(SecretBytes{Bytes(32, 8)})));
}

TEST(Ed25519, AgreesWithRfc8032) {
  // Section 7.1, test 3.
  const auto hex = [](std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i < text.size(); i += 2)
      out.push_back(static_cast<std::uint8_t>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16)));
    return out;
  };
  const auto key = crypto::Ed25519::from_seed(SecretBytes{hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")});
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_key(), hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"));
  EXPECT_EQ(key->sign(hex("af82")),
            hex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9"
                "716ed28dc027beceea1ec40a"));
}

}  // namespace
}  // namespace authx::documents
