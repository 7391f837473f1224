#include "crypto/otp.h"

#include <gtest/gtest.h>

namespace authx::crypto {
namespace {

constexpr std::string_view kSecret = "12345678901234567890";  // of RFC 4226 and RFC 6238

TEST(Otp, HotpOfRfc4226AppendixD) {
  constexpr std::string_view expected[] = {"755224", "287082", "359152", "969429", "338314",
                                           "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t counter = 0; counter < 10; ++counter) EXPECT_EQ(hotp(as_bytes(kSecret), counter, 6), expected[counter]);
}

TEST(Otp, TotpOfRfc6238AppendixB) {
  constexpr std::pair<std::int64_t, std::string_view> expected[] = {{59, "94287082"},         {1111111109, "07081804"},
                                                                    {1111111111, "14050471"}, {1234567890, "89005924"},
                                                                    {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [seconds, code] : expected) {
    const Time at{std::chrono::seconds{seconds}};
    EXPECT_EQ(hotp(as_bytes(kSecret), static_cast<std::uint64_t>(totp_step(at)), 8), code);
    EXPECT_EQ(totp_match(as_bytes(kSecret), code.substr(2), at), totp_step(at));
  }
}

TEST(Otp, TotpTakesTheNeighbourStepsAndNoOther) {
  const Time now{std::chrono::seconds{1'700'000'000}};
  const auto step = totp_step(now);
  for (int offset = -3; offset <= 3; ++offset) {
    const auto code = hotp(as_bytes(kSecret), static_cast<std::uint64_t>(step + offset), 6);
    if (std::abs(offset) <= 1)
      EXPECT_EQ(totp_match(as_bytes(kSecret), code, now), step + offset);
    else
      EXPECT_EQ(totp_match(as_bytes(kSecret), code, now), std::nullopt);
  }
  EXPECT_EQ(totp_match(as_bytes(kSecret), "", now), std::nullopt);
  EXPECT_EQ(totp_match(as_bytes(kSecret), "1234567", now), std::nullopt);
}

TEST(Otp, Base32OfRfc4648) {
  EXPECT_EQ(base32_encode(as_bytes("")), "");
  EXPECT_EQ(base32_encode(as_bytes("f")), "MY");
  EXPECT_EQ(base32_encode(as_bytes("fo")), "MZXQ");
  EXPECT_EQ(base32_encode(as_bytes("foo")), "MZXW6");
  EXPECT_EQ(base32_encode(as_bytes("foob")), "MZXW6YQ");
  EXPECT_EQ(base32_encode(as_bytes("fooba")), "MZXW6YTB");
  EXPECT_EQ(base32_encode(as_bytes("foobar")), "MZXW6YTBOI");
}

}  // namespace
}  // namespace authx::crypto
