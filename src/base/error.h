#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace authx {

/// What went wrong, as the caller may know it. `to_string` is wire API (frozen by a test);
/// `http/problem.cpp` is the only place that chooses a status for a code.
enum class Errc {
  validation,                   ///< the input breaks the contract; `Error::faults` names each place
  unauthenticated,              ///< no credentials, or they are expired or forged
  invalid_credentials,          ///< wrong e-mail or password; never says which
  insufficient_authentication,  ///< signed in, but not strongly or not recently enough; faults `acr_values` and `max_age` say what is asked
  forbidden,                    ///< known caller, missing permission
  not_found,                    ///< absent, or not the caller's to see
  method_not_allowed,
  conflict,  ///< the state changed meanwhile, or the action was done already
  payload_too_large,
  unsupported_media_type,
  request_timeout,
  rate_limited,
  overloaded,              ///< a bounded queue is full; try again after `Error::retry_after`
  capability_unavailable,  ///< the feature is not installed or not configured here
  unavailable,             ///< the server is starting, draining, or lost a dependency
  internal,                ///< a bug or lost infrastructure
};

std::string_view to_string(Errc code) noexcept;

/// One fault of an input: the JSON path (or form field) and why it was refused.
struct Fault {
  std::string field;
  std::string reason;
};

/// An error as a value. `detail` is for the log and never leaves the server; `message`, when set,
/// replaces the code's standard sentence and must hold neither secrets nor personal data.
struct Error {
  Errc code = Errc::internal;
  std::string detail;
  std::string message;
  std::vector<Fault> faults;
  std::optional<std::chrono::seconds> retry_after;

  Error(Errc c, std::string d = {}) : code(c), detail(std::move(d)) {}  // NOLINT(*-explicit-*)

  static Error invalid(std::string field, std::string reason) {
    Error e{Errc::validation};
    e.faults.push_back({std::move(field), std::move(reason)});
    return e;
  }
  static Error invalid(std::vector<Fault> faults) {
    Error e{Errc::validation};
    e.faults = std::move(faults);
    return e;
  }
};

}  // namespace authx
