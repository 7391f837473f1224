#include <libpq-fe.h>

#include <charconv>
#include <condition_variable>

#include "base/encoding.h"
#include "base/secret.h"
#include "db/transaction.h"

namespace authx::db::detail {
namespace {

using namespace std::chrono_literals;

struct ConnFree {
  void operator()(PGconn* conn) const noexcept { PQfinish(conn); }
};
struct ResultFree {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
struct OptionsFree {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Reply = std::unique_ptr<PGresult, ResultFree>;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

std::string_view field(const PGresult* result, int code) {
  const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

Errc code_of(std::string_view state) {
  if (state == "23505" || state == "23503" || state == "23P01") return Errc::conflict;  // unique, foreign key, exclusion
  if (state == "22021" || state == "22P05") return Errc::validation;                    // a character that can't be stored
  if (state == "08P01") return Errc::internal;                                          // wrong number of parameters
  const auto family = state.substr(0, 2);
  // Connection, resources, operator intervention (shut-down, time-out), lock time-out, and what is worth another try.
  if (family == "08" || family == "53" || family == "57" || state == "55P03" || family == "40") return Errc::unavailable;
  return Errc::internal;
}

/// From the fields that name things. The server's sentence may quote values, so only syntax errors (class 42) show it.
Error error_of(std::string_view name, const PGresult* result) {
  const auto state = field(result, PG_DIAG_SQLSTATE);
  auto detail = fmt::format("{}: SQLSTATE {}", name, state);
  for (const auto& [label, code] : {std::pair{"table", PG_DIAG_TABLE_NAME}, std::pair{"column", PG_DIAG_COLUMN_NAME},
                                    std::pair{"constraint", PG_DIAG_CONSTRAINT_NAME}}) {
    if (const auto text = field(result, code); !text.empty()) detail += fmt::format(", {} {}", label, text);
  }
  if (state.starts_with("42")) detail += fmt::format(": {}", field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (code_of(state) == Errc::validation) {
    auto error = Error::invalid("$", "holds text that can't be stored");
    error.detail = std::move(detail);
    return error;
  }
  return Error{code_of(state), std::move(detail)};
}

/// Types as pg_type.dat numbers them; these numbers never change.
Value value_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return {};
  const std::string_view text{PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
  const auto integer = [&]() -> std::optional<std::int64_t> {
    std::int64_t v = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return v;
  };
  const auto real = [&] {
    double v = 0;
    std::from_chars(text.data(), text.data() + text.size(), v);
    return v;
  };
  switch (PQftype(result, column)) {
    case 16:  // bool
      return text == "t";
    case 17: {  // bytea, as \x…
      auto bytes = hex_decode(text.substr(std::min<std::size_t>(2, text.size())));
      return bytes ? Value{*std::move(bytes)} : Value{};
    }
    case 20:    // int8
    case 21:    // int2
    case 23:    // int4
    case 26: {  // oid
      const auto v = integer();
      return v ? Value{*v} : Value{std::string{text}};
    }
    case 700:  // float4
    case 701:  // float8
      return real();
    case 1700: {  // numeric: what sum() over integers gives is an integer in SQLite
      const auto v = integer();
      return v ? Value{*v} : Value{real()};
    }
    case 2950: {  // uuid
      const auto id = Uuid::parse(text);
      return id ? Value{*id} : Value{std::string{text}};
    }
    case 1184: {  // timestamptz
      const auto time = parse_time(text);
      return time ? Value{*time} : Value{std::string{text}};  // infinity, or before the year 1
    }
    default: return std::string{text};
  }
}

/// The parameters in libpq's form: text, but bytea binary (its text form would double it). Types are the server's to infer.
class Parameters {
 public:
  explicit Parameters(const std::vector<Value>& values) {
    made_.reserve(values.size());  // pointers into it must stay
    for (const auto& value : values) std::visit([this](const auto& v) { add(v); }, value.kinds());
  }
  int count() const noexcept { return static_cast<int>(pointers_.size()); }
  const char* const* values() const noexcept { return pointers_.data(); }
  const int* lengths() const noexcept { return lengths_.data(); }
  const int* formats() const noexcept { return formats_.data(); }

 private:
  void push(const char* data, std::size_t size, int format) {
    pointers_.push_back(data);
    lengths_.push_back(static_cast<int>(size));
    formats_.push_back(format);
  }
  void push_text(std::string text) {
    made_.push_back(std::move(text));
    push(made_.back().c_str(), made_.back().size(), 0);
  }
  void add(std::monostate) { push(nullptr, 0, 0); }
  void add(std::int64_t v) { push_text(std::to_string(v)); }
  void add(double v) { push_text(fmt::format("{}", v)); }
  void add(bool v) { push(v ? "t" : "f", 1, 0); }
  void add(const std::string& v) { push(v.c_str(), v.size(), 0); }
  void add(const Bytes& v) { push(v.empty() ? "" : reinterpret_cast<const char*>(v.data()), v.size(), 1); }
  void add(const Uuid& v) { push_text(v.str()); }
  void add(Time v) { push_text(format_time(v)); }

  std::vector<std::string> made_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

/// One connection, in pipeline mode: BEGIN and a statement's preparation travel with the first statement, so that
/// a read costs one round trip and a write two. Used by one thread at a time.
class Connection {
 public:
  enum class Trouble { none, statement, retry, lost };
  struct Answer {
    Reply reply;
    Trouble trouble = Trouble::none;
    Error error{Errc::internal};
  };

  static Result<std::unique_ptr<Connection>> open(const std::string& url) {
    // Later ones win: the URL may change what stands before it.
    const std::array keys{"application_name",
                          "connect_timeout",
                          "keepalives_idle",
                          "keepalives_interval",
                          "keepalives_count",
                          "tcp_user_timeout",
                          "dbname",
                          "client_encoding",
                          static_cast<const char*>(nullptr)};
    const std::array values{"authx", "5", "30", "10", "3", "30000", url.c_str(), "UTF8", static_cast<const char*>(nullptr)};
    auto out = std::make_unique<Connection>();
    out->conn_.reset(PQconnectdbParams(keys.data(), values.data(), 1));
    auto* conn = out->conn_.get();
    if (PQstatus(conn) != CONNECTION_OK) return unreachable(url, conn);
    PQsetNoticeProcessor(conn, [](void*, const char*) {}, nullptr);
    const Reply setup{PQexec(conn,
                             "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'; SET bytea_output = 'hex'; SET standard_conforming_strings = on;"
                             "SET statement_timeout = '30s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'")};
    if (PQresultStatus(setup.get()) != PGRES_COMMAND_OK) return error_of("connect", setup.get());
    if (PQenterPipelineMode(conn) != 1) return Error{Errc::unavailable, "PostgreSQL: no pipeline mode"};
    return out;
  }

  void begin_with(const char* sql) noexcept {
    begin_ = sql;
    told_.reset();
  }
  bool begun() const noexcept { return begin_ == nullptr; }

  Answer execute(const Query& query, const std::vector<Value>& values, const Scope& scope) {
    const Parameters parameters{values};
    bool sent = send_begin() && send_scope(scope);
    std::string name;
    bool fresh = false;
    if (const auto found = statements_.find(query.sql); found != statements_.end()) {
      name = found->second;
    } else {
      fresh = true;
      name = fmt::format("s{}", ++last_statement_);
      const std::string sql{query.sql};
      sent = sent && PQsendPrepare(conn_.get(), name.c_str(), sql.c_str(), 0, nullptr) == 1;
    }
    sent = sent && PQsendQueryPrepared(conn_.get(), name.c_str(), parameters.count(), parameters.values(), parameters.lengths(),
                                       parameters.formats(), 0) == 1;
    auto answer = finish(query.name, sent);
    if (fresh && answer.trouble == Trouble::none) statements_.emplace(std::string{query.sql}, std::move(name));
    // A failed execution may still have left its prepared statement behind; its number is not used again.
    return answer;
  }

  /// Statements without parameters, several at once, which only the simple protocol takes.
  Answer script(std::string_view name, std::string_view sql, const Scope& scope) {
    if (!begun() || told_ != scope) {
      const bool sent = send_begin() && send_scope(scope);
      auto answer = finish("begin", sent);
      if (answer.trouble != Trouble::none) return answer;
    }
    if (PQexitPipelineMode(conn_.get()) != 1) return lost(name);
    const std::string text{sql};
    Reply reply{PQexec(conn_.get(), text.c_str())};
    auto answer = judge(name, std::move(reply));
    if (PQstatus(conn_.get()) != CONNECTION_OK || PQenterPipelineMode(conn_.get()) != 1) return lost(name);
    if (answer.trouble == Trouble::none && PQtransactionStatus(conn_.get()) != PQTRANS_INTRANS) {
      answer.trouble = Trouble::statement;
      answer.error = Error{Errc::internal, fmt::format("{}: ends its transaction", name)};
    }
    return answer;
  }

  /// COMMIT or ROLLBACK, and the wait for its outcome.
  Answer end(const char* sql) { return finish(sql, PQsendQueryParams(conn_.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1); }

  /// Ends a transaction whose outcome changes nothing; `settle` reads the answer later, without a wait in between.
  void end_unheard() {
    if (PQsendQueryParams(conn_.get(), "ROLLBACK", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1 && PQpipelineSync(conn_.get()) == 1)
      unheard_ = true;
  }

  /// Makes the connection ready for a transaction. False: it is to be dropped.
  bool settle() {
    if (unheard_) {
      unheard_ = false;
      if (read_answer("end").trouble != Trouble::none) return false;
    }
    if (PQstatus(conn_.get()) != CONNECTION_OK || PQtransactionStatus(conn_.get()) != PQTRANS_IDLE) return false;
    if (forget_ || statements_.size() >= kMaxStatements) {
      forget_ = false;
      statements_.clear();
      begin_ = nullptr;
      if (end("DEALLOCATE ALL").trouble != Trouble::none) return false;
    }
    return true;
  }

  bool alive() const noexcept { return PQstatus(conn_.get()) == CONNECTION_OK; }

  bool used = false;  ///< has served a transaction before, so that the server may have closed it since

 private:
  bool send_begin() {
    if (begin_ == nullptr) return true;
    const bool sent = PQsendQueryParams(conn_.get(), begin_, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
    begin_ = nullptr;
    return sent;
  }

  /// Tells the row-level policies whose rows count, with the next statement: no wait of its own, and gone with the transaction.
  bool send_scope(const Scope& scope) {
    if (told_ == scope) return true;
    const auto sql = fmt::format("SET LOCAL authx.tenant = '{}'", scope.only() ? scope.only()->str() : "*");
    if (PQsendQueryParams(conn_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1) return false;
    told_ = scope;
    return true;
  }

  Answer finish(std::string_view name, bool sent) {
    if (!sent || PQpipelineSync(conn_.get()) != 1) return lost(name);
    return read_answer(name);
  }

  /// Everything up to the synchronisation point: the first error, else the last command's result.
  Answer read_answer(std::string_view name) {
    Reply last;
    Reply failure;
    for (int nothing = 0; nothing < 3;) {  // libpq separates commands by one null; more in a row: nothing will come
      Reply reply{PQgetResult(conn_.get())};
      if (!reply) {
        if (!alive()) break;
        ++nothing;
        continue;
      }
      nothing = 0;
      switch (PQresultStatus(reply.get())) {
        case PGRES_PIPELINE_SYNC: return judge(name, failure ? std::move(failure) : std::move(last));
        case PGRES_PIPELINE_ABORTED: break;
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY: last = std::move(reply); break;
        default:
          if (!failure) failure = std::move(reply);
      }
    }
    return lost(name);
  }

  Answer judge(std::string_view name, Reply reply) {
    const auto status = PQresultStatus(reply.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return {std::move(reply), Trouble::none, Errc::internal};
    if (!alive()) return lost(name);
    if (status == PGRES_EMPTY_QUERY) return {{}, Trouble::statement, Error{Errc::internal, fmt::format("{}: no statement", name)}};
    const auto state = field(reply.get(), PG_DIAG_SQLSTATE);
    auto trouble = Trouble::statement;
    if (state == "40001" || state == "40P01") trouble = Trouble::retry;
    // A table changed under a prepared statement, or a pooler in between gave us another server session.
    const bool stale_plan = state == "0A000" && field(reply.get(), PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
    if (stale_plan || state == "26000" || state == "42P05") {
      forget_ = true;
      trouble = Trouble::retry;
    }
    auto error = error_of(name, reply.get());
    return {std::move(reply), trouble, std::move(error)};
  }

  static Answer lost(std::string_view name) {
    return {{}, Trouble::lost, Error{Errc::unavailable, fmt::format("{}: the connection to PostgreSQL was lost", name)}};
  }

  /// The reason alone. What libpq says before it quotes parts of the URL, and in a URL with a forgotten escape a part of
  /// the password stands where the host, port or database should.
  static Error unreachable(const std::string& url, const PGconn* conn) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, OptionsFree> options{PQconninfoParse(url.c_str(), &message)};
    PQfreemem(message);
    if (!options) return Error{Errc::unavailable, "PostgreSQL: the URL can't be understood (special characters need percent-encoding)"};
    std::string_view text{PQerrorMessage(conn)};
    text = text.substr(0, text.find('\n'));
    constexpr std::string_view marks[] = {"failed: ", "to address: "};
    for (const auto mark : marks) {
      const auto at = text.find(mark);
      if (at == std::string_view::npos) continue;
      text.remove_prefix(at + mark.size());
      for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (std::string_view{option->keyword} == "password" && option->val != nullptr && text.find(option->val) != std::string_view::npos)
          text = {};
      }
      return Error{Errc::unavailable, fmt::format("PostgreSQL can't be reached: {}", text)};
    }
    return Error{Errc::unavailable, "PostgreSQL can't be reached; check the URL"};
  }

  static constexpr std::size_t kMaxStatements = 512;

  std::unique_ptr<PGconn, ConnFree> conn_;
  std::unordered_map<std::string, std::string, TextHash, std::equal_to<>> statements_;  ///< SQL -> name on the server
  std::uint64_t last_statement_ = 0;
  const char* begin_ = nullptr;  ///< still to be sent
  std::optional<Scope> told_;    ///< what the transaction's policies know
  bool unheard_ = false;
  bool forget_ = false;
};

class PostgresTx final : public BaseTx {
 public:
  PostgresTx(Connection& connection, const Scope& scope, bool reused) : BaseTx(scope), connection_(connection), reused_(reused) {}
  Dialect dialect() const noexcept override { return Dialect::postgres; }
  bool lost_at_once() const noexcept { return lost_at_once_; }

 protected:
  Result<Rows> do_run(const Query& query, const std::vector<Value>& values) override {
    const bool first = !connection_.begun();
    auto answer = connection_.execute(query, values, scope());
    AX_CHECK(note(answer, first));
    const auto* result = answer.reply.get();
    Rows rows;
    const int height = PQntuples(result);
    const int width = PQnfields(result);
    rows.reserve(static_cast<std::size_t>(height));
    for (int r = 0; r < height; ++r) {
      std::vector<Value> columns;
      columns.reserve(static_cast<std::size_t>(width));
      for (int c = 0; c < width; ++c) columns.push_back(value_of(result, r, c));
      rows.emplace_back(std::move(columns));
    }
    return rows;
  }

  Result<> do_script(std::string_view name, std::string_view sql) override {
    const bool first = !connection_.begun();
    auto answer = connection_.script(name, sql, scope());
    return note(answer, first);
  }

 private:
  Result<> note(Connection::Answer& answer, bool first) {
    using enum Connection::Trouble;
    if (answer.trouble == none) return {};
    if (answer.trouble == retry) mark_retry();
    // A pooled connection that the server closed while it lay idle: nothing was committed on it, so a new one may try.
    if (answer.trouble == lost && first && reused_) {
      lost_at_once_ = true;
      mark_retry();
    }
    return std::move(answer.error);
  }

  Connection& connection_;
  bool reused_;
  bool lost_at_once_ = false;
};

class Postgres final : public Database {
 public:
  Postgres(std::string url, std::size_t connections, std::unique_ptr<Connection> first)
      : url_(SecretText{std::move(url)}), limit_(connections) {
    idle_.push_back(std::move(first));
  }

  Dialect dialect() const noexcept override { return Dialect::postgres; }

 protected:
  Result<> transact(bool writable, const Scope& scope, const std::function<Result<>(Tx&)>& body) override {
    return with_retries(*this, [&]() -> Attempt { return attempt(writable, scope, body); });
  }

 private:
  /// A connection for one transaction. It goes back to the pool when it is fit for another.
  class Lease {
   public:
    explicit Lease(Postgres& owner) : owner_(owner) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (counted_) owner_.give_back(std::move(connection_));
    }
    Result<> take() {
      AX_CHECK(owner_.wait_for_place(connection_));
      counted_ = true;
      if (connection_ && connection_->settle()) return {};
      AX_TRY(connection_, Connection::open(owner_.url_.expose()));
      return {};
    }
    Connection& operator*() const noexcept { return *connection_; }

   private:
    Postgres& owner_;
    std::unique_ptr<Connection> connection_;
    bool counted_ = false;
  };

  /// Undoes whatever was not committed, also when the body throws.
  struct Rollback {
    Connection& connection;
    bool needed = true;
    ~Rollback() {
      if (needed && connection.begun() && connection.alive()) connection.end_unheard();
    }
  };

  Attempt attempt(bool writable, const Scope& scope, const std::function<Result<>(Tx&)>& body) {
    Lease lease{*this};
    if (auto taken = lease.take(); !taken) return {std::move(taken), false, {}};
    auto& connection = *lease;
    connection.begin_with(writable ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    Rollback rollback{connection};
    PostgresTx tx{connection, scope, std::exchange(connection.used, true)};
    auto result = body(tx);
    if (result && tx.failure()) result = *tx.failure();
    if (tx.lost_at_once()) drop_idle();
    if (!result) return {std::move(result), tx.worth_retrying(), {}};
    if (writable && connection.begun()) {
      rollback.needed = false;
      auto answer = connection.end("COMMIT");
      const bool again = answer.trouble == Connection::Trouble::retry;
      if (answer.trouble != Connection::Trouble::none) return {std::move(answer.error), again, {}};
    }
    return {{}, false, tx.take_actions()};
  }

  Result<> wait_for_place(std::unique_ptr<Connection>& connection) {
    std::unique_lock guard{mutex_};
    if (!freed_.wait_for(guard, 10s, [&] { return busy_ < limit_; })) return Error{Errc::overloaded, "no free PostgreSQL connection"};
    ++busy_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());  // the last used: its statements are warm, and rarely used ones may be closed
      idle_.pop_back();
    }
    return {};
  }

  void give_back(std::unique_ptr<Connection> connection) {
    if (connection && !connection->alive()) connection.reset();
    {
      const std::lock_guard guard{mutex_};
      --busy_;
      if (connection) idle_.push_back(std::move(connection));
    }
    freed_.notify_one();
  }

  /// After a restart of the server all pooled connections are dead, not only the one that showed it.
  void drop_idle() {
    std::vector<std::unique_ptr<Connection>> dead;
    const std::lock_guard guard{mutex_};
    dead.swap(idle_);
  }

  const SecretText url_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t busy_ = 0;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const std::string& url, std::size_t connections) {
  AX_TRY(auto first, Connection::open(url));
  return std::unique_ptr<Database>{std::make_unique<Postgres>(url, connections, std::move(first))};
}

}  // namespace authx::db::detail
