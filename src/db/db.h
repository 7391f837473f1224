#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "base/tenant.h"
#include "db/value.h"

namespace authx::db {

enum class Dialect { sqlite, postgres };

/// Whose rows a transaction may touch: one organisation's, or everyone's. PostgreSQL's row-level policies hold every statement to
/// it; on SQLite the statements' own conditions do. A nil tenant sees nothing.
class Scope {
 public:
  static constexpr Scope everyone() noexcept { return {}; }
  constexpr Scope(const Uuid& tenant) noexcept : tenant_(tenant) {}  // NOLINT(*-explicit-*)
  /// The scope of this thread's transactions that name none: everyone's, unless a `Within` says otherwise.
  static const Scope& of_thread() noexcept { return current_; }

  /// Nothing: everyone's. As a parameter of `tenant_id = COALESCE($n, tenant_id)` it limits a statement to the scope.
  const std::optional<Uuid>& only() const noexcept { return tenant_; }
  /// What new rows belong to.
  const Uuid& home() const noexcept { return tenant_ ? *tenant_ : kDefaultTenant; }
  bool operator==(const Scope&) const = default;

  /// Sets the scope of this thread, as for a job of one organisation.
  class Within {
   public:
    explicit Within(const Scope& scope) noexcept : before_(std::exchange(current_.tenant_, scope.tenant_)) {}
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;
    ~Within() { current_.tenant_ = before_; }

   private:
    std::optional<Uuid> before_;
  };

 private:
  constexpr Scope() noexcept = default;
  std::optional<Uuid> tenant_;
  static thread_local Scope current_;
};

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

  const Scope& scope() const noexcept { return scope_; }
  /// From the next statement on. For what is found by a secret, whose owner's organisation is known only then.
  void enter(const Scope& scope) noexcept { scope_ = scope; }

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

 protected:
  explicit Tx(const Scope& scope) : scope_(scope) {}

 private:
  Scope scope_;
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
    return call(true, Scope::of_thread(), std::forward<F>(body));
  }
  template <class F>
  auto write(const Scope& scope, F&& body) -> std::invoke_result_t<F&, Tx&> {
    return call(true, scope, std::forward<F>(body));
  }
  /// The same for reads: a snapshot, never blocked by writers, on SQLite through a separate connection.
  template <class F>
  auto read(F&& body) -> std::invoke_result_t<F&, Tx&> {
    return call(false, Scope::of_thread(), std::forward<F>(body));
  }
  template <class F>
  auto read(const Scope& scope, F&& body) -> std::invoke_result_t<F&, Tx&> {
    return call(false, scope, std::forward<F>(body));
  }

  /// Whether the database answers.
  Result<> ping() {
    static constexpr Query kPing{"db.ping", "SELECT 1"};
    return read(Scope::everyone(), [](Tx& tx) -> Result<> {
      AX_CHECK(tx.exec(kPing));
      return {};
    });
  }

 protected:
  /// `body` returns an error to roll back.
  virtual Result<> transact(bool writable, const Scope& scope, const std::function<Result<>(Tx&)>& body) = 0;

 private:
  template <class F>
  auto call(bool writable, const Scope& scope, F&& body) -> std::invoke_result_t<F&, Tx&> {
    using R = std::invoke_result_t<F&, Tx&>;
    R out{std::unexpect, Error{Errc::internal}};
    auto done = transact(writable, scope, [&](Tx& tx) -> Result<> {
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
