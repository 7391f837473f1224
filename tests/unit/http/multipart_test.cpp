#include "http/multipart.h"

#include <gtest/gtest.h>

namespace authx::http {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XyZ";

std::string body() {
  return "--XyZ\r\nContent-Disposition: form-data; name=\"document_type\"\r\n\r\naadhar\r\n"
         "--XyZ\r\nContent-Disposition: form-data; name=\"front_image\"; filename=\"../../etc/passwd\"\r\nContent-Type: image/jpeg\r\n\r\n"
         "\xFF\xD8\r\n--Xy\r\n-data\r\n--XyZ--\r\n";
}

Result<Form> parse(std::string_view text, std::size_t piece, MultipartLimits limits = {}) {
  AX_TRY(auto parser, MultipartParser::create(kType, limits));
  for (std::size_t i = 0; i < text.size(); i += piece) AX_CHECK(parser.feed(text.substr(i, piece)));
  return parser.finish();
}

TEST(Multipart, GivesTheSameFormHoweverTheBodyIsCut) {
  for (std::size_t piece = 1; piece <= body().size(); ++piece) {
    auto form = parse(body(), piece);
    ASSERT_TRUE(form) << piece;
    EXPECT_EQ(form->fields.at("document_type"), "aadhar");
    EXPECT_EQ(as_text(form->files.at("front_image").bytes()), "\xFF\xD8\r\n--Xy\r\n-data") << piece;
    EXPECT_EQ(form->files.at("front_image").declared_type, "image/jpeg");
  }
}

TEST(Multipart, KeepsAnEmptyFile) {
  auto form = parse("--XyZ\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\r\n--XyZ--", 7);
  ASSERT_TRUE(form);
  EXPECT_TRUE(form->files.at("f").bytes().empty());
}

TEST(Multipart, SpoolsALargeFileToDiskAndReadsItBack) {
  std::string large(3'000'000, 'a');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>('b' + i % 20);
  const auto text = "--XyZ\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n" + large + "\r\n--XyZ--\r\n";
  auto form = parse(text, 65536);
  ASSERT_TRUE(form);
  EXPECT_EQ(as_text(form->files.at("f").bytes()), large);
}

TEST(Multipart, RefusesWhatIsTooMuch) {
  MultipartLimits small;
  small.file = 4;
  const auto file = parse(body(), 10, small);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::payload_too_large);
  EXPECT_EQ(file.error().faults.at(0).field, "front_image");
  small = {};
  small.field = 3;
  EXPECT_FALSE(parse(body(), 10, small));
  small = {};
  small.parts = 1;
  EXPECT_FALSE(parse(body(), 10, small));
}

TEST(Multipart, RefusesDataBeforeTheFirstPartHoweverTheBodyIsCut) {
  const std::string text = std::string(200, 'j') + "\r\n" + body();
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_FALSE(parse(text, piece)) << piece;
}

TEST(Multipart, RefusesMalformedBodies) {
  const std::string part = "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n";
  for (const std::string& bad :
       {std::string{}, std::string{"junk"} + part + "--XyZ--", part, part + "--XyZxx", part + part + "--XyZ--",
        std::string{"--XyZ\r\nContent-Disposition: form-data\r\n\r\nv\r\n--XyZ--"},
        std::string{"--XyZ\r\nContent-Disposition: form-data; name=\"a/../b\"\r\n\r\nv\r\n--XyZ--"},
        std::string{"--XyZ\r\nno colon\r\n\r\nv\r\n--XyZ--"}, "--XyZ\r\nX: " + std::string(5000, 'y') + "\r\n\r\n"})
    EXPECT_FALSE(parse(bad, 11)) << bad.substr(0, 80);
}

TEST(Multipart, RefusesOtherTypesAndHostileBoundaries) {
  EXPECT_EQ(MultipartParser::create("application/json", {}).error().code, Errc::unsupported_media_type);
  EXPECT_EQ(MultipartParser::create("multipart/form-datax; boundary=B", {}).error().code, Errc::unsupported_media_type);
  EXPECT_FALSE(MultipartParser::create("multipart/form-data", {}));
  EXPECT_FALSE(MultipartParser::create("multipart/form-data; boundary=", {}));
  EXPECT_FALSE(MultipartParser::create("multipart/form-data; boundary=" + std::string(71, 'a'), {}));
  EXPECT_TRUE(MultipartParser::create("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", {}));
}

}  // namespace
}  // namespace authx::http
