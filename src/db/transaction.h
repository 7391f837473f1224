#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "db/db.h"

namespace authx::db::detail {

/// What both dialects share: refusing text that one of them can't store, dooming the transaction at its first failure,
/// and the actions for after the commit.
class BaseTx : public Tx {
 public:
  explicit BaseTx(const Scope& scope) : Tx(scope) {}
  Result<Rows> run(const Query& query, const std::vector<Value>& values) final;
  Result<> script(std::string_view name, std::string_view sql) final;
  void on_commit(std::function<void()> action) final { actions_.push_back(std::move(action)); }

  const std::optional<Error>& failure() const noexcept { return failure_; }
  bool worth_retrying() const noexcept { return retry_; }
  std::vector<std::function<void()>> take_actions() noexcept { return std::move(actions_); }

 protected:
  /// Calls these only while nothing has failed.
  virtual Result<Rows> do_run(const Query& query, const std::vector<Value>& values) = 0;
  virtual Result<> do_script(std::string_view name, std::string_view sql) = 0;
  void mark_retry() noexcept { retry_ = true; }

 private:
  std::optional<Error> failure_;
  bool retry_ = false;
  std::vector<std::function<void()>> actions_;
};

/// One try of a transaction: the result, whether another try may succeed, and what to run after a commit.
struct Attempt {
  Result<> result;
  bool again = false;
  std::vector<std::function<void()>> actions;
};

/// Tries at most eight times, with growing, jittered pauses; refuses a transaction inside another one of `database`.
Result<> with_retries(const Database& database, const std::function<Attempt()>& attempt);

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, std::size_t readers);
Result<std::unique_ptr<Database>> open_postgres(const std::string& url, std::size_t connections);

}  // namespace authx::db::detail
