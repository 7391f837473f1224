#include "services/auth/places.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace authx::auth {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Place kMumbai{19.08, 72.88, 20, "IN"};
const Place kDelhi{28.61, 77.21, 20, "IN"};
const Place kLondon{51.51, -0.13, 50, "GB"};
const Place kFiji{-17.71, 178.06, 0, "FJ"};
const Place kSamoa{-13.76, -172.10, 0, "WS"};

TEST(Places, TheWayIsAlongTheEarth) {
  EXPECT_NEAR(least_distance_km(kMumbai, kDelhi), 1148 - 40, 10);
  EXPECT_NEAR(least_distance_km(kMumbai, kLondon), 7190 - 70, 20);
  EXPECT_NEAR(least_distance_km(kFiji, kSamoa), 1140, 30) << "across the date line";
  EXPECT_EQ(least_distance_km(kMumbai, kMumbai), 0);
}

TEST(Places, ATravelIsImpossibleOnlyWhenNobodyCanMakeIt) {
  EXPECT_TRUE(impossible_travel(kMumbai, kLondon, hours{2}));
  EXPECT_FALSE(impossible_travel(kMumbai, kLondon, hours{10}));
  EXPECT_TRUE(impossible_travel(kMumbai, kDelhi, minutes{5}));
  EXPECT_FALSE(impossible_travel(kMumbai, kDelhi, hours{2}));
  EXPECT_TRUE(impossible_travel(kMumbai, kLondon, hours{-1})) << "clocks of two processes may differ";
  const Place pune{18.52, 73.86, 10, "IN"};
  EXPECT_FALSE(impossible_travel(kMumbai, pune, minutes{0})) << "providers give one town's addresses to the next";
  const Place somewhere{50, 10, 8000, ""};
  EXPECT_FALSE(impossible_travel(kMumbai, somewhere, minutes{0}));
}

TEST(Places, AFileThatIsNoDatabaseIsRefused) {
  EXPECT_FALSE(Places::open("/nowhere/cities.mmdb"));
  const auto path = std::filesystem::temp_directory_path() / ("authx-places-" + std::to_string(::getpid()));
  std::ofstream{path} << "not a database";
  const auto opened = Places::open(path.string());
  EXPECT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace authx::auth
