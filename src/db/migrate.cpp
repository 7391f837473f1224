#include "db/migrate.h"

#include <openssl/evp.h>

#include "base/encoding.h"

namespace authx::db {
namespace {

constexpr Query kLock{"migrate.lock", "SELECT pg_advisory_xact_lock(4705711384821873010)"};  // any number that is ours alone
constexpr Query kForeignKeyCheck{"migrate.foreign_key_check", "PRAGMA foreign_key_check"};
constexpr std::string_view kTableSqlite =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')))";
constexpr std::string_view kTablePostgres =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";
constexpr Query kTableExistsSqlite{"migrate.exists", "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'"};
constexpr Query kTableExistsPostgres{"migrate.exists", "SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL"};
constexpr Query kApplied{"migrate.applied", "SELECT version, name, sha256 FROM schema_migrations ORDER BY version"};
constexpr Query kHighest{"migrate.highest", "SELECT coalesce(max(version), 0) FROM schema_migrations"};
constexpr Query kRecord{"migrate.record", "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)"};

std::string sha256_hex(std::string_view text) {
  std::array<std::uint8_t, 32> digest{};
  std::size_t size = digest.size();
  if (EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), digest.data(), &size) != 1) std::abort();
  return hex_encode(digest);
}

Error refused(std::string what) { return Error{Errc::unavailable, "database schema: " + std::move(what)}; }

/// Waits for other processes that migrate. On SQLite, having begun a write transaction is the lock.
Result<> lock(Tx& tx) {
  if (tx.dialect() == Dialect::sqlite) return tx.script("migrate.table", kTableSqlite);
  AX_CHECK(tx.script("migrate.timeouts", "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"));
  AX_CHECK(tx.exec(kLock));
  return tx.script("migrate.table", kTablePostgres);
}

/// How many of the list are applied. An error when the database does not hold exactly the list's beginning.
Result<std::size_t> applied(Tx& tx, std::span<const Migration> migrations) {
  AX_TRY(const auto rows, tx.exec(kApplied));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto version = rows[i].integer(0);
    if (i >= migrations.size() || version > migrations.back().version) {
      return refused(
          fmt::format("has migration {} ({}), which this version of the program does not know; use a newer one", version, rows[i].text(1)));
    }
    const auto& known = migrations[i];
    if (version != known.version) return refused(fmt::format("has migration {} where {} was expected", version, known.version));
    if (rows[i].text(2) != sha256_hex(known.sql))
      return refused(fmt::format("migration {} ({}) was changed after it was applied", version, known.name));
  }
  return rows.size();
}

Result<> apply(Tx& tx, const Migration& migration) {
  AX_CHECK(tx.script(fmt::format("migration {} ({})", migration.version, migration.name), migration.sql));
  if (tx.dialect() == Dialect::sqlite) {
    AX_TRY(const auto broken, tx.exec(kForeignKeyCheck));
    if (!broken.empty())
      return refused(fmt::format("migration {} ({}) leaves rows that refer to nothing", migration.version, migration.name));
  }
  AX_CHECK(tx.exec(kRecord, migration.version, migration.name, sha256_hex(migration.sql)));
  return {};
}

}  // namespace

Result<int> migrate(Database& database, std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version <= (i == 0 ? 0 : migrations[i - 1].version)) return refused("the migrations do not ascend");
  }
  // One transaction per migration, each taking the lock and looking anew: a process that waited finds the work done.
  for (int count = 0;; ++count) {
    auto step = [&](Tx& tx) -> Result<bool> {
      AX_CHECK(lock(tx));
      AX_TRY(const auto done, applied(tx, migrations));
      if (done == migrations.size()) return false;
      AX_CHECK(apply(tx, migrations[done]));
      return true;
    };
    AX_TRY(const bool more, database.write(step));
    if (!more) return count;
  }
}

Result<int> migrate(Database& database) { return migrate(database, embedded_migrations(database.dialect())); }

Result<int> schema_version(Database& database) {
  return database.read([](Tx& tx) -> Result<int> {
    AX_TRY(const auto exists, tx.exec(tx.dialect() == Dialect::sqlite ? kTableExistsSqlite : kTableExistsPostgres));
    if (exists.empty()) return 0;
    AX_TRY(const auto rows, tx.exec(kHighest));
    return static_cast<int>(rows.at(0).integer(0));
  });
}

}  // namespace authx::db
