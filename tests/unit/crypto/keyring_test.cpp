#include "crypto/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/encoding.h"

namespace authx::crypto {
namespace {

namespace fs = std::filesystem;

Keyring ring(std::initializer_list<std::pair<std::uint32_t, std::uint8_t>> masters, std::uint8_t root = 99) {
  std::map<std::uint32_t, SecretBytes> map;
  for (const auto& [version, fill] : masters) map.emplace(version, SecretBytes{Bytes(kKeySize, fill)});
  return Keyring::create(std::move(map), SecretBytes{Bytes(kKeySize, root)}).value();
}

TEST(Keyring, UnwrapsWhatItWrapped) {
  const auto keys = ring({{1, 1}});
  const auto key = keys.new_key();
  EXPECT_EQ(key.expose().size(), kKeySize);
  EXPECT_NE(key.expose(), keys.new_key().expose());
  EXPECT_EQ(keys.unwrap(keys.wrap(key, "person:1"), "person:1").value().expose(), key.expose());
}

TEST(Keyring, AWrapDoesNotOpenForAnotherOwnerOrWhenAltered) {
  const auto keys = ring({{1, 1}, {2, 2}});
  const auto wrapped = keys.wrap(keys.new_key(), "person:1");
  EXPECT_FALSE(keys.unwrap(wrapped, "person:2"));
  for (std::size_t i = 0; i < wrapped.size(); ++i) {
    auto changed = wrapped;
    changed[i] ^= 1;
    EXPECT_FALSE(keys.unwrap(changed, "person:1")) << i;
  }
  for (std::size_t size = 0; size < wrapped.size(); ++size) EXPECT_FALSE(keys.unwrap(BytesView{wrapped}.first(size), "person:1"));
}

TEST(Keyring, OldWrapsOpenAfterRotationAndAskForARewrap) {
  const auto before = ring({{1, 1}});
  const auto key = before.new_key();
  const auto wrapped = before.wrap(key, "p");
  EXPECT_FALSE(before.needs_rewrap(wrapped));
  const auto after = ring({{1, 1}, {2, 2}});
  EXPECT_TRUE(after.needs_rewrap(wrapped));
  EXPECT_EQ(after.unwrap(wrapped, "p").value().expose(), key.expose());
  const auto rewrapped = after.wrap(key, "p");
  EXPECT_FALSE(after.needs_rewrap(rewrapped));
  EXPECT_FALSE(before.unwrap(rewrapped, "p"));
  EXPECT_FALSE(ring({{2, 2}}).unwrap(wrapped, "p"));
  EXPECT_TRUE(after.needs_rewrap({}));
}

TEST(Keyring, DerivedKeysSurviveARotationAndDifferByPurpose) {
  const auto before = ring({{1, 1}});
  const auto after = ring({{1, 1}, {2, 2}});
  EXPECT_EQ(before.derive("jwt").expose(), after.derive("jwt").expose());
  EXPECT_EQ(before.blind_index("email", "a@b.c"), after.blind_index("email", "a@b.c"));
  EXPECT_EQ(before.derive("jwt").expose().size(), 32U);
  EXPECT_NE(before.derive("jwt").expose(), before.derive("audit").expose());
  EXPECT_NE(before.blind_index("email", "x"), before.blind_index("phone", "x"));
  EXPECT_NE(before.blind_index("email", "x"), before.blind_index("email", "y"));
  EXPECT_NE(before.derive("jwt").expose(), ring({{1, 1}}, 98).derive("jwt").expose());
}

TEST(Keyring, RefusesMissingOrMisshapenSecrets) {
  EXPECT_FALSE(Keyring::create({}, SecretBytes{Bytes(32, 1)}));
  std::map<std::uint32_t, SecretBytes> masters;
  masters.emplace(1U, SecretBytes{Bytes(31, 1)});
  EXPECT_FALSE(Keyring::create(masters, SecretBytes{Bytes(32, 1)}));
  masters.clear();
  masters.emplace(0U, SecretBytes{Bytes(32, 1)});
  EXPECT_FALSE(Keyring::create(masters, SecretBytes{Bytes(32, 1)}));
  masters.clear();
  masters.emplace(1U, SecretBytes{Bytes(32, 1)});
  EXPECT_FALSE(Keyring::create(masters, SecretBytes{Bytes(16, 1)}));
}

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "authx-keys-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    path_ = dir_ / "keys";
  }
  void TearDown() override { fs::remove_all(dir_); }

  void write(std::string_view text) {
    std::ofstream{path_, std::ios::trunc} << text;
    ::chmod(path_.c_str(), 0600);
  }
  std::string refusal() {
    const auto loaded = Keyring::load_file(path_);
    return loaded ? "accepted" : loaded.error().detail;
  }

  fs::path dir_;
  fs::path path_;
  const std::string value_ = base64_encode(Bytes(32, 0x51));
};

TEST_F(KeyFile, AMadeFileLoadsAndIsPrivate) {
  ASSERT_TRUE(Keyring::create_file(path_));
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto a = Keyring::load_file(path_);
  const auto b = Keyring::load_file(path_);
  ASSERT_TRUE(a && b);
  const auto key = a->new_key();
  EXPECT_EQ(b->unwrap(a->wrap(key, "p"), "p").value().expose(), key.expose());
}

TEST_F(KeyFile, AnExistingFileIsNotOverwritten) {
  write("precious");
  EXPECT_EQ(Keyring::create_file(path_).error().code, Errc::conflict);
  std::string content;
  std::ifstream{path_} >> content;
  EXPECT_EQ(content, "precious");
}

TEST_F(KeyFile, AFileThatOthersMayOpenIsRefused) {
  ASSERT_TRUE(Keyring::create_file(path_));
  for (const mode_t mode : {0644, 0604, 0606, 0620, 0660}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_FALSE(Keyring::load_file(path_)) << mode;
  }
  for (const mode_t mode : {0600, 0400, 0440}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_TRUE(Keyring::load_file(path_)) << mode;
  }
}

TEST_F(KeyFile, ErrorsNameTheLineAndNeverItsContent) {
  const auto good = "master.1 = " + value_ + "\nroot = " + value_ + "\n";
  write("# note\r\n\n" + good);
  EXPECT_EQ(refusal(), "accepted");
  for (const auto& bad : {good + "extra = " + value_, good + good, good + "master.1=" + value_, good + "master.0=" + value_,
                          good + "master.x=" + value_, good + "master.=" + value_, good + "master.4294967296=" + value_,
                          good + "root=" + value_, good + value_, good + "master.2=" + value_.substr(4), good + "master.2=!" + value_}) {
    write(bad);
    const auto detail = refusal();
    EXPECT_NE(detail.find("line 3"), std::string::npos) << detail;
    EXPECT_EQ(detail.find(value_.substr(4, 12)), std::string::npos);
  }
  write("");
  EXPECT_NE(refusal(), "accepted");
  write("master.1 = " + value_);
  EXPECT_NE(refusal(), "accepted");
  write("root = " + value_);
  EXPECT_NE(refusal(), "accepted");
  write(good + "#" + std::string(70'000, 'x'));
  EXPECT_NE(refusal(), "accepted");
}

TEST_F(KeyFile, AnAbsentFileOrADirectoryIsRefused) {
  EXPECT_FALSE(Keyring::load_file(path_));
  EXPECT_FALSE(Keyring::load_file(dir_));
}

TEST_F(KeyFile, AnAddedMasterBecomesCurrentAndOldWrapsStillOpen) {
  ASSERT_TRUE(Keyring::create_file(path_));
  const auto before = Keyring::load_file(path_).value();
  const auto key = before.new_key();
  const auto wrapped = before.wrap(key, "p");
  EXPECT_EQ(Keyring::add_master(path_).value(), 2U);
  EXPECT_EQ(Keyring::add_master(path_).value(), 3U);
  const auto after = Keyring::load_file(path_).value();
  EXPECT_EQ(after.unwrap(wrapped, "p").value().expose(), key.expose());
  EXPECT_TRUE(after.needs_rewrap(wrapped));
  EXPECT_EQ(before.derive("jwt").expose(), after.derive("jwt").expose());
  EXPECT_EQ(std::distance(fs::directory_iterator{dir_}, {}), 1);
}

}  // namespace
}  // namespace authx::crypto
