#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace authx {

/// A value or an Error. Engines, services and stores return it; nothing throws for bad input.
/// `return Errc::conflict;`, `return Error{...};` and `return value;` all convert.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
  using Base = std::expected<T, Error>;

 public:
  using Base::Base;
  Result() = default;
  Result(Base base) : Base(std::move(base)) {}                    // NOLINT(*-explicit-*)
  Result(Error error) : Base(std::unexpect, std::move(error)) {}  // NOLINT(*-explicit-*)
  Result(Errc code) : Base(std::unexpect, Error{code}) {}         // NOLINT(*-explicit-*)
};

}  // namespace authx

#define AX_CONCAT_INNER(a, b) a##b
#define AX_CONCAT(a, b) AX_CONCAT_INNER(a, b)

#define AX_TRY_IMPL(tmp, decl, expr, ret) \
  auto tmp = (expr);                      \
  if (!tmp) ret std::move(tmp).error();   \
  decl = *std::move(tmp)
#define AX_CHECK_IMPL(tmp, expr, ret) \
  if (auto tmp = (expr); !tmp) ret std::move(tmp).error()

/// `AX_TRY(auto row, find(id));` binds the value or returns the error. AX_CO_TRY is for coroutines.
#define AX_TRY(decl, ...) AX_TRY_IMPL(AX_CONCAT(ax_try_, __LINE__), decl, (__VA_ARGS__), return)
#define AX_CO_TRY(decl, ...) AX_TRY_IMPL(AX_CONCAT(ax_try_, __LINE__), decl, (__VA_ARGS__), co_return)
/// The same for an expression whose value is not wanted.
#define AX_CHECK(...) AX_CHECK_IMPL(AX_CONCAT(ax_check_, __LINE__), (__VA_ARGS__), return)
#define AX_CO_CHECK(...) AX_CHECK_IMPL(AX_CONCAT(ax_check_, __LINE__), (__VA_ARGS__), co_return)
