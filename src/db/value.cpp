#include "db/value.h"

#include <cstdio>
#include <cstdlib>

namespace authx::db {
namespace {

[[noreturn]] void wrong_kind(std::size_t column, std::size_t columns, const char* wanted) {
  std::fprintf(stderr, "database row: column %zu of %zu is not %s\n", column, columns, wanted);
  std::abort();
}

template <class T>
const T* as(const Value& v) noexcept {
  return std::get_if<T>(&v.kinds());
}

}  // namespace

bool Row::is_null(std::size_t i) const {
  if (i >= columns_.size()) wrong_kind(i, columns_.size(), "there");
  return std::holds_alternative<std::monostate>(columns_[i].kinds());
}

std::optional<std::int64_t> Row::opt_integer(std::size_t i) const {
  if (is_null(i)) return std::nullopt;
  if (const auto* v = as<std::int64_t>(columns_[i])) return *v;
  wrong_kind(i, columns_.size(), "an integer");
}

std::optional<double> Row::opt_real(std::size_t i) const {
  if (is_null(i)) return std::nullopt;
  if (const auto* v = as<double>(columns_[i])) return *v;
  if (const auto* v = as<std::int64_t>(columns_[i])) return static_cast<double>(*v);
  wrong_kind(i, columns_.size(), "a number");
}

std::optional<std::string> Row::opt_text(std::size_t i) const {
  if (is_null(i)) return std::nullopt;
  if (const auto* v = as<std::string>(columns_[i])) return *v;
  wrong_kind(i, columns_.size(), "text");
}

std::optional<Bytes> Row::opt_bytes(std::size_t i) const {
  if (is_null(i)) return std::nullopt;
  if (const auto* v = as<Bytes>(columns_[i])) return *v;
  wrong_kind(i, columns_.size(), "bytes");
}

std::optional<Uuid> Row::opt_uuid(std::size_t i) const {
  if (is_null(i)) return std::nullopt;
  if (const auto* v = as<Uuid>(columns_[i])) return *v;
  if (const auto* v = as<std::string>(columns_[i])) {
    if (const auto id = Uuid::parse(*v)) return id;
  }
  wrong_kind(i, columns_.size(), "a UUID");
}

std::optional<Time> Row::opt_time(std::size_t i) const {
  if (is_null(i)) return std::nullopt;
  if (const auto* v = as<Time>(columns_[i])) return *v;
  if (const auto* v = as<std::string>(columns_[i])) {
    if (const auto time = parse_time(*v)) return time;
  }
  wrong_kind(i, columns_.size(), "a time");
}

std::int64_t Row::integer(std::size_t i) const {
  if (const auto v = opt_integer(i)) return *v;
  wrong_kind(i, columns_.size(), "an integer but NULL");
}

double Row::real(std::size_t i) const {
  if (const auto v = opt_real(i)) return *v;
  wrong_kind(i, columns_.size(), "a number but NULL");
}

bool Row::boolean(std::size_t i) const {
  if (is_null(i)) wrong_kind(i, columns_.size(), "a boolean but NULL");
  if (const auto* v = as<bool>(columns_[i])) return *v;
  if (const auto* v = as<std::int64_t>(columns_[i]); v != nullptr && (*v == 0 || *v == 1)) return *v == 1;
  wrong_kind(i, columns_.size(), "a boolean");
}

const std::string& Row::text(std::size_t i) const {
  if (is_null(i)) wrong_kind(i, columns_.size(), "text but NULL");
  if (const auto* v = as<std::string>(columns_[i])) return *v;
  wrong_kind(i, columns_.size(), "text");
}

Bytes Row::bytes(std::size_t i) const {
  if (auto v = opt_bytes(i)) return *std::move(v);
  wrong_kind(i, columns_.size(), "bytes but NULL");
}

Uuid Row::uuid(std::size_t i) const {
  if (const auto v = opt_uuid(i)) return *v;
  wrong_kind(i, columns_.size(), "a UUID but NULL");
}

Time Row::time(std::size_t i) const {
  if (const auto v = opt_time(i)) return *v;
  wrong_kind(i, columns_.size(), "a time but NULL");
}

}  // namespace authx::db
