#include "db/transaction.h"

#include "base/random.h"

namespace authx::db::detail {
namespace {

/// Well-formed UTF-8 (Unicode 15, table 3-7) without NUL: what PostgreSQL can store; SQLite would store anything.
bool storable(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    const unsigned char lead = *p++;
    if (lead == 0) return false;
    if (lead < 0x80) continue;
    int more = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    for (; more > 0; --more, low = 0x80, high = 0xBF) {
      if (p == end || *p < low || *p > high) return false;
      ++p;
    }
  }
  return true;
}

std::optional<Error> unstorable(const Query& query, const std::vector<Value>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto* text = std::get_if<std::string>(&values[i].kinds());
    if (text == nullptr || storable(*text)) continue;
    auto error = Error::invalid("$", "holds text with a NUL character or broken UTF-8");
    error.detail = fmt::format("{}: parameter ${} is no storable text", query.name, i + 1);
    return error;
  }
  return std::nullopt;
}

/// The databases that this thread has a transaction on.
struct Frame {
  explicit Frame(const Database& db) : database(&db), up(top) { top = this; }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { top = up; }

  const Database* database;
  Frame* up;
  static thread_local Frame* top;
};
thread_local Frame* Frame::top = nullptr;

void pause_before(int attempt) {
  std::uint8_t jitter = 0;
  random_bytes({&jitter, 1});
  const std::int64_t ceiling = 1'000LL << attempt;  // microseconds: 2 ms, 4 ms … 256 ms
  std::this_thread::sleep_for(std::chrono::microseconds{ceiling / 2 + ceiling * jitter / 512});
}

}  // namespace

Result<Rows> BaseTx::run(const Query& query, const std::vector<Value>& values) {
  if (failure_) return *failure_;
  if (auto error = unstorable(query, values)) {
    failure_ = error;
    return *std::move(error);
  }
  auto rows = do_run(query, values);
  if (!rows) failure_ = rows.error();
  return rows;
}

Result<> BaseTx::script(std::string_view name, std::string_view sql) {
  if (failure_) return *failure_;
  auto done = do_script(name, sql);
  if (!done) failure_ = done.error();
  return done;
}

Result<> with_retries(const Database& database, const std::function<Attempt()>& attempt) {
  for (const auto* frame = Frame::top; frame != nullptr; frame = frame->up) {
    if (frame->database == &database) return Error{Errc::internal, "a transaction inside another on one thread"};
  }
  constexpr int kTries = 8;
  for (int tried = 1;; ++tried) {
    Attempt outcome;
    {
      const Frame frame{database};
      outcome = attempt();
    }
    if (outcome.result) {
      for (const auto& action : outcome.actions) action();  // outside the frame: an action may use the database
      return {};
    }
    if (!outcome.again || tried == kTries) return std::move(outcome.result);
    pause_before(tried);
  }
}

}  // namespace authx::db::detail

namespace authx::db {

thread_local Scope Scope::current_;

Result<std::unique_ptr<Database>> open(const Options& options) {
  constexpr std::string_view sqlite = "sqlite://";
  if (options.connections == 0 || options.connections > 1000) return Error{Errc::unavailable, "database: connections must be 1 to 1000"};
  if (options.url.starts_with(sqlite)) return detail::open_sqlite(options.url.substr(sqlite.size()), options.connections);
  if (options.url.starts_with("postgresql://") || options.url.starts_with("postgres://")) {
    return detail::open_postgres(options.url, options.connections);
  }
  return Error{Errc::unavailable, "database: the URL starts with neither sqlite:// nor postgresql://"};
}

}  // namespace authx::db
