#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "base/uuid.h"

namespace authx::db {

/// One bound parameter or one column of a result. Both databases know these kinds; UUIDs, times and dates are
/// text in SQLite and native in PostgreSQL.
class Value {
 public:
  using Kinds = std::variant<std::monostate, std::int64_t, double, bool, std::string, Bytes, Uuid, Time>;

  Value() = default;
  Value(std::nullopt_t) {}                           // NOLINT(*-explicit-*)
  Value(std::int64_t v) : v_(v) {}                   // NOLINT(*-explicit-*)
  Value(int v) : v_(std::int64_t{v}) {}              // NOLINT(*-explicit-*)
  Value(double v) : v_(v) {}                         // NOLINT(*-explicit-*)
  Value(bool v) : v_(v) {}                           // NOLINT(*-explicit-*)
  Value(std::string v) : v_(std::move(v)) {}         // NOLINT(*-explicit-*)
  Value(std::string_view v) : v_(std::string{v}) {}  // NOLINT(*-explicit-*)
  Value(const char* v) : v_(std::string{v}) {}       // NOLINT(*-explicit-*)
  Value(Bytes v) : v_(std::move(v)) {}               // NOLINT(*-explicit-*)
  Value(const Uuid& v) : v_(v) {}                    // NOLINT(*-explicit-*)
  Value(Time v) : v_(v) {}                           // NOLINT(*-explicit-*)
  template <class T>
  Value(const std::optional<T>& v) {  // NOLINT(*-explicit-*)
    if (v) *this = Value{*v};
  }

  const Kinds& kinds() const noexcept { return v_; }

 private:
  Kinds v_;
};

/// A materialised row. Getters abort on a column of another kind or a NULL where none may be: that is a bug in
/// the query, never input. UUIDs and times are read from either database's form; `real` reads integers too.
class Row {
 public:
  explicit Row(std::vector<Value> columns) : columns_(std::move(columns)) {}

  bool is_null(std::size_t i) const;
  std::int64_t integer(std::size_t i) const;
  double real(std::size_t i) const;
  bool boolean(std::size_t i) const;  ///< SQLite's 0 and 1 too
  const std::string& text(std::size_t i) const;
  Bytes bytes(std::size_t i) const;
  Uuid uuid(std::size_t i) const;
  Time time(std::size_t i) const;
  std::optional<std::int64_t> opt_integer(std::size_t i) const;
  std::optional<double> opt_real(std::size_t i) const;
  std::optional<std::string> opt_text(std::size_t i) const;
  std::optional<Bytes> opt_bytes(std::size_t i) const;
  std::optional<Uuid> opt_uuid(std::size_t i) const;
  std::optional<Time> opt_time(std::size_t i) const;
  std::size_t size() const noexcept { return columns_.size(); }

 private:
  std::vector<Value> columns_;
};

using Rows = std::vector<Row>;

}  // namespace authx::db
