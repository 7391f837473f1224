#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "http/callers.h"

namespace authx::auth {

/// What access tokens that were verified lately say, so that a client's next request with the same token costs a comparison and not a
/// signature check and a parse. A token is found only by its whole text, within its lifetime, and only while the clock does not run back;
/// whether its session still lives is not remembered here and must be asked each time. Each thread remembers at most `kSlots` tokens of at
/// most `kLongest` characters; a newer one takes an older one's place. Thread-safe without locks: threads share nothing.
class KnownTokens {
 public:
  static constexpr std::size_t kSlots = 128;
  static constexpr std::size_t kLongest = 2048;

  KnownTokens();

  /// What `token` says; null when it is not remembered. Valid until the thread's next `keep`.
  const http::Principal* find(std::string_view token, Time now) const;
  /// `token` was verified at `now` and ends at `expires`.
  void keep(std::string_view token, Time now, Time expires, const http::Principal& principal) const;

 private:
  std::uint64_t owner_;  ///< tells the entries of this object from another's: their keys differ
};

}  // namespace authx::auth
