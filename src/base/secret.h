#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace authx {

/// Overwrites memory in a way that the optimiser keeps.
void wipe(void* data, std::size_t size) noexcept;

/// Owns a secret (`std::string` or `Bytes`), wipes it on destruction, and has no formatter, stream
/// operator or comparison: it can't reach a log or be compared in variable time by accident.
template <class T>
class Secret {
 public:
  Secret() = default;
  explicit Secret(T value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      value_ = std::exchange(other.value_, T{});
    }
    return *this;
  }
  ~Secret() { clear(); }

  const T& expose() const noexcept { return value_; }
  bool empty() const noexcept { return value_.empty(); }

 private:
  void clear() noexcept {
    if (!value_.empty()) wipe(value_.data(), value_.size());
  }
  T value_{};
};

using SecretText = Secret<std::string>;
using SecretBytes = Secret<Bytes>;

}  // namespace authx
