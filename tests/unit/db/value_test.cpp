#include "db/value.h"

#include <gtest/gtest.h>

namespace authx::db {
namespace {

const Time kNow = parse_time("2024-01-02T03:04:05.6Z").value();
const Uuid kId = Uuid::generate(kNow);

TEST(Row, ReadsBothDatabasesForms) {
  const Row row{{Value{kId}, Value{kId.str()}, Value{kNow}, Value{format_time(kNow)}, Value{"2024-01-02 03:04:05.6+00"}, Value{true},
                 Value{1}, Value{2}}};
  EXPECT_EQ(row.uuid(0), kId);
  EXPECT_EQ(row.uuid(1), kId);
  EXPECT_EQ(row.time(2), kNow);
  EXPECT_EQ(row.time(3), kNow);
  EXPECT_EQ(row.opt_time(4), kNow);
  EXPECT_TRUE(row.boolean(5));
  EXPECT_TRUE(row.boolean(6));
  EXPECT_EQ(row.real(7), 2.0);
}

TEST(RowDeathTest, AbortsOnAnotherKindANullOrAMissingColumn) {
  const Row row{{Value{"text"}, Value{}, Value{2}}};
  EXPECT_DEATH(static_cast<void>(row.integer(0)), "column 0 of 3 is not an integer");
  EXPECT_DEATH(static_cast<void>(row.uuid(0)), "not a UUID");
  EXPECT_DEATH(static_cast<void>(row.time(0)), "not a time");
  EXPECT_DEATH(static_cast<void>(row.text(1)), "text but NULL");
  EXPECT_DEATH(static_cast<void>(row.boolean(2)), "not a boolean");
  EXPECT_DEATH(static_cast<void>(row.is_null(3)), "column 3 of 3");
}

}  // namespace
}  // namespace authx::db
