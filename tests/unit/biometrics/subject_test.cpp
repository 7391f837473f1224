#include "services/biometrics/subject.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "services/biometrics/attempts.h"
#include "services/users/person_box.h"

namespace authx::biometrics {
namespace {

using namespace std::chrono_literals;

class SubjectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("authx-subjects-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    auto opened = db::open({"sqlite:///" + (folder / "t.db").string(), 2});
    ASSERT_TRUE(opened);
    database = std::move(*opened);
    ASSERT_TRUE(db::migrate(*database));
  }
  void TearDown() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }
  template <class F>
  auto write(F body) {
    return database->write(body);
  }
  std::int64_t count(std::string_view sql) {
    auto n = database->read([&](db::Tx& tx) -> Result<std::int64_t> {
      AX_TRY(const auto rows, tx.exec({sql, sql}));
      return rows.at(0).integer(0);
    });
    EXPECT_TRUE(n);
    return n ? *n : -1;
  }

  std::filesystem::path folder;
  std::unique_ptr<db::Database> database;
  const crypto::Keyring keyring = *crypto::Keyring::create({{1, SecretBytes{Bytes(32, 1)}}}, SecretBytes{Bytes(32, 2)});
  const crypto::Keyring other_keyring = *crypto::Keyring::create({{1, SecretBytes{Bytes(32, 3)}}}, SecretBytes{Bytes(32, 4)});
  const Time now{1700000000s};
  const Uuid user = Uuid::generate(now);
};

TEST_F(SubjectTest, APseudonymIsStableAndNeedsTheKeys) {
  EXPECT_EQ(subject_id(keyring, user), subject_id(keyring, user));
  EXPECT_NE(subject_id(keyring, user), subject_id(other_keyring, user));
  EXPECT_NE(subject_id(keyring, user), user);
}

TEST_F(SubjectTest, IsMadeOnceAndLeadsBackToItsOwner) {
  Uuid first, second;
  ASSERT_TRUE(write([&](db::Tx& tx) -> Result<> {
    AX_TRY(const auto a, find_or_create_subject(tx, keyring, user));
    AX_TRY(const auto b, find_or_create_subject(tx, keyring, user));
    first = a.id, second = b.id;
    AX_TRY(const auto owner, owner_of(tx, keyring, a.id));
    EXPECT_EQ(owner, user);
    return {};
  }));
  EXPECT_EQ(first, second);
  EXPECT_EQ(count("SELECT COUNT(*) FROM biometric_subjects"), 1);
}

TEST_F(SubjectTest, TheSweepRemovesThoseWhosePersonWasErased) {
  ASSERT_TRUE(write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(users::create_person_key(tx, keyring, user, now));
    AX_TRY(const auto subject, find_or_create_subject(tx, keyring, user));
    AX_CHECK(begin_attempt(tx, subject.id, "fingerprint", now));
    AX_TRY(const auto removed, sweep_subjects(tx, keyring));
    EXPECT_EQ(removed, 0U);
    AX_CHECK(tx.exec({"erase", "DELETE FROM person_keys"}));
    AX_TRY(const auto swept, sweep_subjects(tx, keyring));
    EXPECT_EQ(swept, 1U);
    return {};
  }));
  EXPECT_EQ(count("SELECT COUNT(*) FROM biometric_subjects"), 0);
  EXPECT_EQ(count("SELECT COUNT(*) FROM biometric_attempts"), 0);
}

TEST_F(SubjectTest, AttemptsAreCountedAndThenDelayed) {
  const auto id = subject_id(keyring, user);
  const auto attempt = [&](Time at) { return write([&](db::Tx& tx) { return begin_attempt(tx, id, "fingerprint", at); }); };
  for (int left = 4; left >= 0; --left) {
    const auto got = attempt(now);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, left);
  }
  const auto refused = attempt(now + 29s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 1s);
  EXPECT_TRUE(attempt(now + 30s));
  EXPECT_FALSE(attempt(now + 89s)) << "the second delay is twice the first; a refused attempt is not counted";
  EXPECT_TRUE(attempt(now + 90s));
  EXPECT_TRUE(write([&](db::Tx& tx) { return begin_attempt(tx, id, "iris", now); })) << "each type has its own";
  ASSERT_TRUE(write([&](db::Tx& tx) { return clear_attempts(tx, id, "fingerprint"); }));
  EXPECT_EQ(*attempt(now + 91s), 4);
}

TEST(Delays, GrowFromTheFifthFailureToAnHour) {
  EXPECT_EQ(delay_after(4), 0s);
  EXPECT_EQ(delay_after(5), 30s);
  EXPECT_EQ(delay_after(6), 60s);
  EXPECT_EQ(delay_after(12), 3600s);
  EXPECT_EQ(delay_after(2'000'000'000), 3600s);
}

}  // namespace
}  // namespace authx::biometrics
