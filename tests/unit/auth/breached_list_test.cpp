#include "services/auth/breached_list.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "crypto/hash.h"

namespace authx::auth {
namespace {

class BreachedListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("authx-breached-" + crypto::random_token(8));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const char* name) const { return folder_ / name; }
  void write(const char* name, const std::string& text) const { std::ofstream{file(name), std::ios::binary} << text; }

  std::filesystem::path folder_;
};

TEST_F(BreachedListTest, HoldsEveryEntryAndHardlyAnythingElse) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "entry number " + std::to_string(i) + "\n";
  write("list", text);
  ASSERT_EQ(BreachedList::build(file("list"), file("out")).value_or(0), 20'000U);
  const auto list = BreachedList::open(file("out"));
  ASSERT_TRUE(list);
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE((*list)->contains("entry number " + std::to_string(i)));
  int wrong = 0;
  for (int i = 0; i < 100'000; ++i) wrong += (*list)->contains("another thing " + std::to_string(i)) ? 1 : 0;
  EXPECT_LT(wrong, 100);  // one in a thousand; about one in five thousand is expected
}

TEST_F(BreachedListTest, TakesPublicListsOfHashes) {
  write("list", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\nE38AD214943DAAD1D64C102FAEC29DE4AFE9DA3D\n");  // password, password1
  ASSERT_EQ(BreachedList::build(file("list"), file("out")).value_or(0), 2U);
  const auto list = BreachedList::open(file("out"));
  ASSERT_TRUE(list);
  EXPECT_TRUE((*list)->contains("password"));
  EXPECT_TRUE((*list)->contains("password1"));
  EXPECT_FALSE((*list)->contains("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"));
}

TEST_F(BreachedListTest, RefusesFilesThatAreNone) {
  write("empty", "");
  EXPECT_FALSE(BreachedList::build(file("empty"), file("out")));
  EXPECT_FALSE(BreachedList::build(file("absent"), file("out")));
  EXPECT_FALSE(BreachedList::open(file("absent")));
  EXPECT_FALSE(BreachedList::open(file("empty")));
  write("text", std::string(1000, 'x'));
  EXPECT_FALSE(BreachedList::open(file("text")));
  write("list", "one\n");
  ASSERT_TRUE(BreachedList::build(file("list"), file("out")));
  std::filesystem::resize_file(file("out"), std::filesystem::file_size(file("out")) - 1);
  EXPECT_FALSE(BreachedList::open(file("out")));
}

}  // namespace
}  // namespace authx::auth
