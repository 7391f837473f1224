#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "db/value.h"

namespace authx::db {

enum class Dialect { sqlite, postgres };

/// A named statement. `$1`, `$2`… in both dialects; the name labels metrics, logs and errors.
struct Query {
  std::string_view name;
  std::string_view sql;
};

/// One transaction on one connection. Not thread-safe; lives only inside `Database::write` or `read`.
/// A unique or foreign-key violation is `Errc::conflict` (detail: the query's name and constraint); text that no database
/// stores (a NUL character, broken UTF-8) is `Errc::validation`; anything else that the database says is
/// `Errc::unavailable` (connection, time-out, full disk) or `Errc::internal`. Details never hold values.
/// A failed statement dooms the transaction in both dialects: later statements repeat its error and nothing is committed,
/// whatever the body returns. Use ON CONFLICT where a conflict is expected.
class Tx {
 public:
  virtual ~Tx() = default;
  virtual Dialect dialect() const noexcept = 0;

  template <class... Args>
  Result<Rows> exec(const Query& query, Args&&... args) {
    std::vector<Value> values;
    values.reserve(sizeof...(Args));
    (values.emplace_back(std::forward<Args>(args)), ...);
    return run(query, values);
  }
  virtual Result<Rows> run(const Query& query, const std::vector<Value>& values) = 0;
  /// Runs a migration's statements; they take no parameters and may not end the transaction.
  virtual Result<> script(std::string_view name, std::string_view sql) = 0;

  /// Runs after a successful commit, on the committing thread; for wake-ups, never for effects that must not be lost.
  virtual void on_commit(std::function<void()> action) = 0;
};

/// A database, with its connections. Calls block the calling thread: callers run them on a database thread
/// (`db/async.h`), except SQLite point reads, which are memory look-ups.
class Database {
 public:
  virtual ~Database() = default;
  virtual Dialect dialect() const noexcept = 0;

  /// A transaction inside another on the same thread and database is `Errc::internal`: it would wait for itself.
  ///
  /// Runs `body` in a read-write transaction; commits when it returns a value, rolls back when it returns an error
  /// or throws. A body that failed on a serialisation conflict, deadlock or busy writer is run again (at most 8 times,
  /// with jitter), so it must have no effect outside the transaction.
  template <class F>
  auto write(F&& body) -> std::invoke_result_t<F&, Tx&> {
    return call(true, std::forward<F>(body));
  }
  /// The same for reads: a snapshot, never blocked by writers, on SQLite through a separate connection.
  template <class F>
  auto read(F&& body) -> std::invoke_result_t<F&, Tx&> {
    return call(false, std::forward<F>(body));
  }

  virtual Result<> ping() = 0;

 protected:
  /// `body` returns an error to roll back.
  virtual Result<> transact(bool writable, const std::function<Result<>(Tx&)>& body) = 0;

 private:
  template <class F>
  auto call(bool writable, F&& body) -> std::invoke_result_t<F&, Tx&> {
    using R = std::invoke_result_t<F&, Tx&>;
    R out{std::unexpect, Error{Errc::internal}};
    auto done = transact(writable, [&](Tx& tx) -> Result<> {
      out = body(tx);
      if (!out) return out.error();
      return {};
    });
    if (!done) return std::move(done).error();
    return out;
  }
};

struct Options {
  /// `sqlite:///absolute/file.db`, `sqlite://relative/file.db` or `postgresql://user:password@host:port/name`.
  std::string url;
  std::size_t connections = 4;  ///< PostgreSQL: pool size; SQLite: reader connections
};

/// Opens the database named by the URL's scheme. Errors: `Errc::unavailable` with the reason, never the password.
Result<std::unique_ptr<Database>> open(const Options& options);

/// Applies the migrations that are missing, each in its transaction, under a lock that other processes wait for.
/// Refuses to start on a database that has migrations this binary does not know, or whose applied text was changed.
Result<int> migrate(Database& database);  ///< number applied now
Result<int> schema_version(Database& database);

}  // namespace authx::db
