#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>

#include "db/transaction.h"

namespace authx::db::detail {
namespace {

namespace fs = std::filesystem;

struct StatementFree {
  void operator()(sqlite3_stmt* stmt) const noexcept { sqlite3_finalize(stmt); }
};
struct ConnectionFree {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};

struct Statement {
  std::unique_ptr<sqlite3_stmt, StatementFree> stmt;
  std::vector<int> parameters;  ///< `$1`, `$2`… -> SQLite's index
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// Ends a statement's use: without the reset it would keep its read lock, without the clearing it would point at
/// parameters that are gone.
struct Finish {
  sqlite3_stmt* stmt;
  ~Finish() {
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
  }
};

bool is_busy(int code) noexcept { return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED; }

Errc code_of(int extended) noexcept {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY: return Errc::conflict;
    default: break;
  }
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT: return Errc::unavailable;
    default: return Errc::internal;
  }
}

int bind(sqlite3_stmt* stmt, int index, const Value& value) {
  return std::visit(
      [&](const auto& v) -> int {
        using T = std::decay_t<decltype(v)>;
        // SQLITE_STATIC: the parameters outlive the execution, so nothing is copied.
        if constexpr (std::is_same_v<T, std::monostate>) {
          return sqlite3_bind_null(stmt, index);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return sqlite3_bind_int64(stmt, index, v);
        } else if constexpr (std::is_same_v<T, double>) {
          return sqlite3_bind_double(stmt, index, v);
        } else if constexpr (std::is_same_v<T, bool>) {
          return sqlite3_bind_int64(stmt, index, v ? 1 : 0);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return sqlite3_bind_text64(stmt, index, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
        } else if constexpr (std::is_same_v<T, Bytes>) {
          // A null pointer would bind NULL, not an empty blob.
          return sqlite3_bind_blob64(stmt, index, v.empty() ? static_cast<const void*>("") : v.data(), v.size(), SQLITE_STATIC);
        } else {
          std::string text;
          if constexpr (std::is_same_v<T, Uuid>) {
            text = v.str();
          } else {
            text = format_time_sortable(v);
          }
          return sqlite3_bind_text64(stmt, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        }
      },
      value.kinds());
}

Value column(sqlite3_stmt* stmt, int i) {
  switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(stmt, i)};
    case SQLITE_FLOAT: return sqlite3_column_double(stmt, i);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt, i));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(stmt, i)));
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(stmt, i));
      return data == nullptr ? Bytes{} : Bytes(data, data + sqlite3_column_bytes(stmt, i));
    }
    default: return {};
  }
}

/// One connection and its prepared statements. Used by one thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path, bool writable) {
    auto out = std::make_unique<Connection>();
    sqlite3* raw = nullptr;
    const int flags = (writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    const int rc = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    out->db_.reset(raw);
    if (rc != SQLITE_OK) return Error{Errc::unavailable, fmt::format("SQLite: {} can't be opened: {}", path, sqlite3_errstr(rc))};
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, 2000);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);  // "x" is a name, never text: PostgreSQL reads it so
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    // synchronous=FULL syncs the log at every commit. NORMAL could lose the last commits when power fails: an upload or
    // a consent that was confirmed to its sender would be gone. secure_delete overwrites deleted rows: destroying
    // a person's key is what erases that person.
    const char* setup = writable ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
                                   "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456;"
                                   "PRAGMA journal_size_limit=67108864;"
                                 : "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456;";
    // A first opener in another process may hold the file exclusively for a moment, where SQLite does not wait by itself.
    int done = SQLITE_BUSY;
    for (int tried = 0; tried < 100 && is_busy(done); ++tried) {
      if (tried != 0) std::this_thread::sleep_for(std::chrono::milliseconds{20});
      done = sqlite3_exec(raw, setup, nullptr, nullptr, nullptr);
    }
    if (done != SQLITE_OK) {
      return Error{Errc::unavailable, fmt::format("SQLite: {} can't be used as a database: {}", path, sqlite3_errmsg(raw))};
    }
    return out;
  }

  sqlite3* handle() const noexcept { return db_.get(); }

  Error error(std::string_view name, int rc) const {
    // The message names tables, columns and SQL, never values.
    return Error{code_of(rc), fmt::format("{}: {}", name, sqlite3_errmsg(db_.get()))};
  }

  /// A statement without parameters or rows, such as BEGIN. The code is SQLite's.
  int command(std::string_view sql) {
    auto prepared = prepare({sql, sql}, 0);
    if (!prepared) return sqlite3_extended_errcode(db_.get());
    auto* stmt = (*prepared)->stmt.get();
    const Finish finish{stmt};
    const int rc = sqlite3_step(stmt);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
  }

  Result<Rows> execute(const Query& query, const std::vector<Value>& values, bool& busy) {
    AX_TRY(const auto* statement, prepare(query, values.size()));
    auto* stmt = statement->stmt.get();
    const Finish finish{stmt};
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (const int rc = bind(stmt, statement->parameters[i], values[i]); rc != SQLITE_OK) return error(query.name, rc);
    }
    Rows rows;
    for (;;) {
      const int rc = sqlite3_step(stmt);
      if (rc == SQLITE_DONE) return rows;
      if (rc != SQLITE_ROW) {
        busy = is_busy(rc);
        return error(query.name, rc);
      }
      const int width = sqlite3_column_count(stmt);  // after the step, which prepares anew when the schema changed
      std::vector<Value> columns;
      columns.reserve(static_cast<std::size_t>(width));
      for (int i = 0; i < width; ++i) columns.push_back(column(stmt, i));
      rows.emplace_back(std::move(columns));
    }
  }

 private:
  Result<const Statement*> prepare(const Query& query, std::size_t parameters) {
    // By content, not by address: a statement that code composes may reuse an older one's memory.
    if (const auto found = statements_.find(query.sql); found != statements_.end()) {
      if (found->second.parameters.size() != parameters) return wrong_count(query);
      return &found->second;
    }
    Statement made;
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int rc =
        sqlite3_prepare_v3(db_.get(), query.sql.data(), static_cast<int>(query.sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    if (rc != SQLITE_OK) return error(query.name, rc);
    made.stmt.reset(raw);
    const auto rest = query.sql.substr(static_cast<std::size_t>(tail - query.sql.data()));
    if (raw == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
      return Error{Errc::internal, fmt::format("{}: not exactly one statement", query.name)};
    }
    if (static_cast<std::size_t>(sqlite3_bind_parameter_count(raw)) != parameters) return wrong_count(query);
    for (std::size_t i = 1; i <= parameters; ++i) {
      const int index = sqlite3_bind_parameter_index(raw, fmt::format("${}", i).c_str());
      if (index == 0) return wrong_count(query);
      made.parameters.push_back(index);
    }
    if (statements_.size() >= kMaxStatements) statements_.clear();
    return &statements_.emplace(std::string{query.sql}, std::move(made)).first->second;
  }

  static Error wrong_count(const Query& query) {
    return Error{Errc::internal, fmt::format("{}: the parameters given are not the statement's $1, $2…", query.name)};
  }

  static constexpr std::size_t kMaxStatements = 512;

  std::unique_ptr<sqlite3, ConnectionFree> db_;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
};

class SqliteTx final : public BaseTx {
 public:
  SqliteTx(Connection& connection, const Scope& scope) : BaseTx(scope), connection_(connection) {}
  Dialect dialect() const noexcept override { return Dialect::sqlite; }

 protected:
  Result<Rows> do_run(const Query& query, const std::vector<Value>& values) override {
    bool busy = false;
    auto rows = connection_.execute(query, values, busy);
    if (busy) mark_retry();
    return rows;
  }

  Result<> do_script(std::string_view name, std::string_view sql) override {
    const std::string text{sql};
    const int rc = sqlite3_exec(connection_.handle(), text.c_str(), nullptr, nullptr, nullptr);
    if (is_busy(rc)) mark_retry();
    if (rc != SQLITE_OK) return connection_.error(name, rc);
    if (sqlite3_get_autocommit(connection_.handle()) != 0) return Error{Errc::internal, fmt::format("{}: ends its transaction", name)};
    return {};
  }

 private:
  Connection& connection_;
};

/// Hands the one writer to waiting threads in the order in which they came; a mutex could starve one for long.
class FairLock {
 public:
  void lock() {
    std::unique_lock guard{mutex_};
    const auto ticket = next_++;
    turn_.wait(guard, [&] { return ticket == serving_; });
  }
  void unlock() {
    {
      const std::lock_guard guard{mutex_};
      ++serving_;
    }
    turn_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t next_ = 0;
  std::uint64_t serving_ = 0;
};

/// A read transaction that is kept open for some milliseconds while many others begin and end. SQLite counts a process's
/// own locks, so those that read the same state share its lock and need no system call of their own (two for each
/// otherwise, made under a mutex). What they see is not affected: each takes the newest snapshot. The log can't be
/// reset below an open transaction, so it is renewed often, taken only under load, and dropped at the next use.
class Pin {
 public:
  explicit Pin(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  void hold() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const auto until = until_.load(std::memory_order_relaxed);
    uses_.fetch_add(1, std::memory_order_relaxed);
    if (now < until) return;
    const std::unique_lock guard{mutex_, std::try_to_lock};
    if (!guard) return;  // another thread is at it
    drop();
    const bool busy = uses_.exchange(0, std::memory_order_relaxed) >= kBusy;
    static constexpr Query kLook{"db.pin", "SELECT 1 FROM sqlite_schema LIMIT 1"};
    bool ignored = false;
    if (busy && connection_->command("BEGIN") == SQLITE_OK && !connection_->execute(kLook, {}, ignored)) drop();
    until_.store(now + kPeriod.count(), std::memory_order_relaxed);
  }

  /// Ends a transaction that is over its time. Called before writes, so that a checkpoint finds none.
  void expire() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    if (now < until_.load(std::memory_order_relaxed)) return;
    const std::unique_lock guard{mutex_, std::try_to_lock};
    if (guard) drop();
  }

 private:
  static constexpr std::chrono::nanoseconds kPeriod = std::chrono::milliseconds{20};
  static constexpr unsigned kBusy = 20;  ///< reads in a period

  void drop() {
    if (sqlite3_get_autocommit(connection_->handle()) == 0) connection_->command("ROLLBACK");
  }

  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
  std::atomic<std::int64_t> until_{0};  ///< steady clock, nanoseconds
  std::atomic<unsigned> uses_{0};
};

class Sqlite final : public Database {
 public:
  Sqlite(std::unique_ptr<Connection> writer, std::vector<std::unique_ptr<Connection>> readers, std::unique_ptr<Connection> pin)
      : writer_(std::move(writer)), pin_(std::move(pin)), readers_(std::move(readers)) {}

  Dialect dialect() const noexcept override { return Dialect::sqlite; }

 protected:
  Result<> transact(bool writable, const Scope& scope, const std::function<Result<>(Tx&)>& body) override {
    return with_retries(*this, [&]() -> Attempt {
      if (writable) {
        pin_.expire();
        const std::lock_guard turn{writer_lock_};
        return attempt(*writer_, "BEGIN IMMEDIATE", scope, body);
      }
      pin_.hold();
      const Lease reader{*this};
      return attempt(*reader.connection, "BEGIN", scope, body);
    });
  }

 private:
  struct Lease {
    explicit Lease(Sqlite& owner) : db(owner) {
      std::unique_lock guard{db.readers_mutex_};
      db.reader_free_.wait(guard, [&] { return !db.readers_.empty(); });
      connection = std::move(db.readers_.back());
      db.readers_.pop_back();
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      {
        const std::lock_guard guard{db.readers_mutex_};
        db.readers_.push_back(std::move(connection));
      }
      db.reader_free_.notify_one();
    }
    Sqlite& db;
    std::unique_ptr<Connection> connection;
  };

  struct Rollback {
    Connection& connection;
    ~Rollback() {
      if (sqlite3_get_autocommit(connection.handle()) == 0) connection.command("ROLLBACK");
    }
  };

  static Attempt attempt(Connection& connection, std::string_view begin, const Scope& scope, const std::function<Result<>(Tx&)>& body) {
    if (const int rc = connection.command(begin); rc != SQLITE_OK) return {connection.error("begin", rc), is_busy(rc), {}};
    const Rollback rollback{connection};
    SqliteTx tx{connection, scope};
    auto result = body(tx);
    if (result && tx.failure()) result = *tx.failure();
    if (!result) return {std::move(result), tx.worth_retrying(), {}};
    if (const int rc = connection.command("COMMIT"); rc != SQLITE_OK) return {connection.error("commit", rc), is_busy(rc), {}};
    return {{}, false, tx.take_actions()};
  }

  std::unique_ptr<Connection> writer_;
  FairLock writer_lock_;
  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  Pin pin_;
  std::vector<std::unique_ptr<Connection>> readers_;  ///< the free ones; the last used is used next, its cache is warm
};

/// Makes the file private before SQLite does; the log and index beside it take over its mode.
Result<> prepare_file(const std::string& path) {
  const auto parent = fs::path{path}.parent_path();
  std::error_code ec;
  if (!parent.empty() && fs::create_directories(parent, ec)) fs::permissions(parent, fs::perms::owner_all, ec);
  if (ec) return Error{Errc::unavailable, fmt::format("SQLite: {} can't be made: {}", parent.string(), ec.message())};
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Error{Errc::unavailable, fmt::format("SQLite: {} can't be opened: {}", path, std::strerror(errno))};
  ::close(fd);
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, std::size_t readers) {
  if (path.empty() || path.find('\0') != std::string::npos || path.find('?') != std::string::npos) {
    return Error{Errc::unavailable, "SQLite: the URL names no file"};
  }
  // Its allocation counters take a global lock on every call.
  static const bool configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
  static_cast<void>(configured);
  AX_CHECK(prepare_file(path));
  AX_TRY(auto writer, Connection::open(path, true));
  std::vector<std::unique_ptr<Connection>> pool;
  for (std::size_t i = 0; i < readers; ++i) {
    AX_TRY(auto reader, Connection::open(path, false));
    pool.push_back(std::move(reader));
  }
  AX_TRY(auto pin, Connection::open(path, false));
  return std::unique_ptr<Database>{std::make_unique<Sqlite>(std::move(writer), std::move(pool), std::move(pin))};
}

}  // namespace authx::db::detail
