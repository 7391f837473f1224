#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "blob/blob.h"

namespace authx::blob {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeader = 36;
constexpr std::size_t kSealedChunk = 64 * 1024 + 16;

class DirectoryStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "authx-blob-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    root_ = dir_ / "data/objects";
    store_ = open_directory(root_).value();
  }
  void TearDown() override { fs::remove_all(dir_); }

  fs::path file_of(const std::string& name) const {
    for (const auto& entry : fs::recursive_directory_iterator{root_}) {
      if (entry.path().filename() == name) return entry.path();
    }
    ADD_FAILURE() << "no file of " << name;
    return {};
  }
  static std::string load(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  static void save(const fs::path& path, std::string_view text) { std::ofstream{path, std::ios::binary | std::ios::trunc} << text; }
  static Bytes pattern(std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>((i * 2654435761U) >> 13);
    return out;
  }
  void expect_closed(const std::string& name) {
    const auto got = store_->get(name, key_);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::internal);
  }

  fs::path dir_;
  fs::path root_;
  std::unique_ptr<Store> store_;
  const crypto::Key key_{Bytes(32, 1)};
};

TEST_F(DirectoryStore, GivesBackObjectsOfEverySize) {
  for (const std::size_t size : {0U, 1U, 65'535U, 65'536U, 65'537U, 131'072U, 200'000U, 10U << 20}) {
    const auto object = pattern(size);
    ASSERT_TRUE(store_->put("object", object, key_));
    EXPECT_TRUE(store_->get("object", key_).value() == object) << size;
  }
}

TEST_F(DirectoryStore, TheFileDoesNotHoldThePlaintextAndIsPrivate) {
  ASSERT_TRUE(store_->put("object", as_bytes("a very recognisable text"), key_));
  EXPECT_EQ(load(file_of("object")).find("recognisable"), std::string::npos);
  struct stat info{};
  ASSERT_EQ(::stat(file_of("object").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(DirectoryStore, SealsTheSameObjectDifferentlyEachTime) {
  ASSERT_TRUE(store_->put("object", as_bytes("same"), key_));
  const auto first = load(file_of("object"));
  ASSERT_TRUE(store_->put("object", as_bytes("same"), key_));
  EXPECT_NE(load(file_of("object")), first);
}

TEST_F(DirectoryStore, AnotherKeyDoesNotOpen) {
  ASSERT_TRUE(store_->put("object", as_bytes("x"), key_));
  EXPECT_EQ(store_->get("object", crypto::Key{Bytes(32, 2)}).error().code, Errc::internal);
  EXPECT_EQ(store_->get("object", crypto::Key{Bytes(16, 1)}).error().code, Errc::internal);
  EXPECT_EQ(store_->put("object", as_bytes("x"), crypto::Key{Bytes(16, 1)}).error().code, Errc::internal);
}

TEST_F(DirectoryStore, EveryChangedByteOfASmallObjectIsNoticed) {
  ASSERT_TRUE(store_->put("object", as_bytes("a small object"), key_));
  const auto path = file_of("object");
  const auto good = load(path);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto changed = good;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    save(path, changed);
    expect_closed("object");
  }
}

TEST_F(DirectoryStore, EveryTruncationOfASmallObjectIsNoticed) {
  ASSERT_TRUE(store_->put("object", as_bytes("a small object"), key_));
  const auto path = file_of("object");
  const auto good = load(path);
  for (std::size_t size = 0; size < good.size(); ++size) {
    save(path, good.substr(0, size));
    expect_closed("object");
  }
  save(path, good + "x");
  expect_closed("object");
}

TEST_F(DirectoryStore, CutReorderedRepeatedAndForeignChunksAreNoticed) {
  const auto object = pattern(64 * 1024 * 3);
  ASSERT_TRUE(store_->put("object", object, key_));
  const auto path = file_of("object");
  const auto good = load(path);
  ASSERT_EQ(good.size(), kHeader + 3 * kSealedChunk);
  const auto chunk = [&](const std::string& text, std::size_t i) { return text.substr(kHeader + i * kSealedChunk, kSealedChunk); };
  const auto head = good.substr(0, kHeader);
  ASSERT_TRUE(store_->put("object", object, key_));  // the same plaintext, written again
  const auto other = load(path);
  for (const auto& bad : {head, head + chunk(good, 0), head + chunk(good, 0) + chunk(good, 1), head + chunk(good, 1) + chunk(good, 2),
                          head + chunk(good, 1) + chunk(good, 0) + chunk(good, 2), head + chunk(good, 0) + chunk(good, 2),
                          head + chunk(good, 2), good + chunk(good, 2), good + chunk(good, 0),
                          head + chunk(good, 0) + chunk(good, 0) + chunk(good, 2), head + chunk(good, 0) + chunk(other, 1) + chunk(good, 2),
                          other.substr(0, kHeader) + good.substr(kHeader), good.substr(0, good.size() - 1), good + std::string(16, '\0')}) {
    save(path, bad);
    expect_closed("object");
  }
  save(path, good);
  EXPECT_TRUE(store_->get("object", key_).value() == object);
}

TEST_F(DirectoryStore, ObjectsThatChangedPlacesDoNotOpen) {
  ASSERT_TRUE(store_->put("one", as_bytes("1"), key_));
  ASSERT_TRUE(store_->put("two", as_bytes("2"), key_));
  const auto one = load(file_of("one"));
  save(file_of("one"), load(file_of("two")));
  save(file_of("two"), one);
  expect_closed("one");
  expect_closed("two");
}

TEST_F(DirectoryStore, HostileNamesAreRefused) {
  for (const std::string& name : {std::string{}, std::string{"."}, std::string{".."}, std::string{"../x"}, std::string{"/etc/passwd"},
                                  std::string{"a/b"}, std::string{"A"}, std::string{"a b"}, std::string{"a\0b", 3}, std::string{"a.b"},
                                  std::string{"ä"}, std::string(81, 'a'), std::string{"a\n"}}) {
    EXPECT_EQ(store_->put(name, as_bytes("x"), key_).error().code, Errc::internal) << name;
    EXPECT_EQ(store_->get(name, key_).error().code, Errc::internal) << name;
    EXPECT_EQ(store_->remove(name).error().code, Errc::internal) << name;
  }
  EXPECT_TRUE(store_->put(std::string(80, 'a'), as_bytes("x"), key_));
}

TEST_F(DirectoryStore, ALinkIsNotFollowed) {
  ASSERT_TRUE(store_->put("object", as_bytes("x"), key_));
  const auto path = file_of("object");
  fs::rename(path, dir_ / "elsewhere");
  fs::create_symlink(dir_ / "elsewhere", path);
  EXPECT_FALSE(store_->get("object", key_));
}

TEST_F(DirectoryStore, AnAbsentObjectIsNotFoundAndRemovalIsIdempotent) {
  EXPECT_EQ(store_->get("absent", key_).error().code, Errc::not_found);
  EXPECT_TRUE(store_->remove("absent"));
  ASSERT_TRUE(store_->put("object", as_bytes("x"), key_));
  EXPECT_TRUE(store_->remove("object"));
  EXPECT_TRUE(store_->remove("object"));
  EXPECT_EQ(store_->get("object", key_).error().code, Errc::not_found);
}

TEST_F(DirectoryStore, ListsExactlyItsObjects) {
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(store_->put(fmt::format("object-{}", i), as_bytes("x"), key_));
  ASSERT_TRUE(store_->remove("object-7"));
  auto names = store_->list().value();
  std::ranges::sort(names);
  EXPECT_EQ(names.size(), 39U);
  EXPECT_FALSE(std::ranges::binary_search(names, "object-7"));
  EXPECT_TRUE(std::ranges::binary_search(names, "object-39"));
}

TEST_F(DirectoryStore, OpeningSweepsWhatACrashLeftButNotWhatIsBeingWritten) {
  const auto abandoned = root_ / "pending" / std::string(32, 'a');
  const auto alive = root_ / "pending" / std::string(32, 'b');
  save(abandoned, "half an object");
  save(alive, "half an object");
  const int fd = ::open(alive.c_str(), O_RDWR);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  ASSERT_TRUE(store_->put("object", as_bytes("x"), key_));
  const auto again = open_directory(root_).value();
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(alive));
  EXPECT_EQ(again->get("object", key_).value(), to_bytes("x"));
  EXPECT_EQ(again->list().value(), std::vector<std::string>{"object"});
  ::close(fd);
}

TEST_F(DirectoryStore, NothingPendingIsLeftBehind) {
  ASSERT_TRUE(store_->put("object", pattern(100'000), key_));
  ASSERT_TRUE(store_->ping());
  EXPECT_TRUE(fs::is_empty(root_ / "pending"));
}

TEST_F(DirectoryStore, WritersAndReadersOfOneNameSeeWholeObjects) {
  const auto a = pattern(150'000);
  auto b = a;
  for (auto& byte : b) byte ^= 0xff;
  ASSERT_TRUE(store_->put("object", a, key_));
  std::atomic<int> bad{0};
  {
    std::vector<std::jthread> threads;
    for (const Bytes* object : {&a, static_cast<const Bytes*>(&b)}) {
      threads.emplace_back([&, object] {
        for (int i = 0; i < 20; ++i) {
          if (!store_->put("object", *object, key_)) ++bad;
        }
      });
    }
    threads.emplace_back([&] {
      for (int i = 0; i < 60; ++i) {
        const auto got = store_->get("object", key_);
        if (!got || (*got != a && *got != b)) ++bad;
      }
    });
  }
  EXPECT_EQ(bad, 0);
}

TEST_F(DirectoryStore, AVanishedFolderIsUnavailable) {
  fs::remove_all(root_);
  EXPECT_EQ(store_->put("object", as_bytes("x"), key_).error().code, Errc::unavailable);
  EXPECT_EQ(store_->ping().error().code, Errc::unavailable);
  save(dir_ / "file", "");
  EXPECT_FALSE(open_directory(dir_ / "file"));
  EXPECT_FALSE(open_directory(dir_ / "file/below"));
  EXPECT_FALSE(open_directory(""));
}

}  // namespace
}  // namespace authx::blob
