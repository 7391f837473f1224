#include "services/audit/audit_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace authx::audit {
namespace {

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("authx-audit-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    checkpoints = (folder / "checkpoints").string();
    auto opened = db::open({"sqlite:///" + (folder / "t.db").string(), 2});
    ASSERT_TRUE(opened);
    database = std::move(*opened);
    ASSERT_TRUE(db::migrate(*database));
    for (int i = 0; i < 5; ++i) add("test.event");
  }
  void TearDown() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }
  void add(std::string_view action) {
    const http::RequestInfo request{"req_1", "192.0.2.1", "agent", {}};
    ASSERT_TRUE(database->write([&](db::Tx& tx) { return log.append(tx, {Uuid::generate(clock.now()), action, R"({"n":1})", &request}); }));
  }
  void sql(std::string_view text) {
    ASSERT_TRUE(database->write([&](db::Tx& tx) -> Result<> {
      AX_CHECK(tx.exec({text, text}));
      return {};
    })) << text;
  }
  VerifyReport verify() {
    auto report = log.verify(*database, checkpoints);
    EXPECT_TRUE(report);
    return *report;
  }

  std::filesystem::path folder;
  std::string checkpoints;
  std::unique_ptr<db::Database> database;
  SystemClock clock;
  Log log{clock, SecretBytes{Bytes(32, 7)}};
};

TEST_F(AuditTest, AnUntouchedChainIsIntact) {
  ASSERT_TRUE(log.checkpoint(*database, checkpoints));
  add("later");
  const auto report = verify();
  EXPECT_TRUE(report.intact) << report.problem;
  EXPECT_EQ(report.entries, 6U);
}

TEST_F(AuditTest, FindsAnAlteredEntryInAnyColumn) {
  for (const auto* change : {"action = 'x'", "details = '{}'", "ip_address = '192.0.2.9'", "user_agent = ''", "user_id = NULL",
                             "created_at = '2020-01-01T00:00:00.000000Z'", "id = '0190163d-8694-739b-aea5-966c26f8ad91'", "link = x'00'"}) {
    SetUp();
    sql(std::string{"UPDATE audit_logs SET "} + change + " WHERE seq = 3");
    const auto report = verify();
    EXPECT_FALSE(report.intact) << change;
    EXPECT_EQ(report.first_bad, 3U) << change;
  }
}

TEST_F(AuditTest, FindsRemovedSwappedAndAddedEntries) {
  sql("DELETE FROM audit_logs WHERE seq = 2");
  EXPECT_EQ(verify().first_bad, 2U);
  SetUp();
  sql("DELETE FROM audit_logs WHERE seq = 5");
  EXPECT_FALSE(verify().intact);
  SetUp();
  sql("UPDATE audit_logs SET seq = 100 WHERE seq = 1");
  EXPECT_FALSE(verify().intact);
  SetUp();
  sql("INSERT INTO audit_logs SELECT 6, '0190163d-8694-739b-aea5-966c26f8ad91', user_id, action, details, ip_address, user_agent, "
      "created_at, link, tenant_id FROM audit_logs WHERE seq = 5");
  EXPECT_FALSE(verify().intact);
}

TEST_F(AuditTest, FindsAnEntryThatWasMovedToAnotherOrganisation) {
  const auto tenant = Uuid::generate(Time{});
  ASSERT_TRUE(database->write(tenant, [&](db::Tx& tx) { return log.append(tx, {std::nullopt, "theirs", "{}", nullptr}); }));
  EXPECT_TRUE(verify().intact);
  sql("UPDATE audit_logs SET tenant_id = '00000000-0000-7000-8000-000000000001' WHERE action = 'theirs'");
  EXPECT_FALSE(verify().intact);
  SetUp();
  sql("UPDATE audit_logs SET tenant_id = '0190163d-8694-739b-aea5-966c26f8ad91' WHERE seq = 3");
  EXPECT_EQ(verify().first_bad, 3U);
}

TEST_F(AuditTest, FindsATruncationThatAlsoRollsTheHeadBack) {
  ASSERT_TRUE(log.checkpoint(*database, checkpoints));
  auto old = database->read([](db::Tx& tx) { return tx.exec({"t", "SELECT seq, hex(link), signature FROM audit_head"}); });
  add("secret");
  add("deeds");
  ASSERT_TRUE(log.checkpoint(*database, checkpoints));
  sql("DELETE FROM audit_logs WHERE seq > 5");
  sql("UPDATE audit_head SET seq = 5, link = x'" + old->at(0).text(1) + "', signature = '" + old->at(0).text(2) + "'");
  const auto report = verify();
  EXPECT_FALSE(report.intact);
  std::filesystem::remove(checkpoints);
  EXPECT_TRUE(verify().intact) << "without the file apart, a rolled-back chain is a valid chain: that is what the file is for";
}

TEST_F(AuditTest, FindsAForgedHead) {
  sql("UPDATE audit_head SET signature = 'aa'");
  EXPECT_FALSE(verify().intact);
}

}  // namespace
}  // namespace authx::audit
