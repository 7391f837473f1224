#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

/// Looking a document's number up at its issuer, or at an aggregator that may ask the issuer. Nothing is asked without the
/// person's consent, and what was not asked is "not_checked", never confirmed.
namespace authx::providers {

enum class Kind { aadhaar, pan, driving_license, voter_id, passport };
inline constexpr Kind kKinds[] = {Kind::aadhaar, Kind::pan, Kind::driving_license, Kind::voter_id, Kind::passport};
std::string_view to_string(Kind kind) noexcept;
/// For a document's type as it was seen ("pan", "mrz_card", …); nothing for types that no provider knows.
std::optional<Kind> kind_of(std::string_view document_type) noexcept;

enum class Answer {
  confirmed,    ///< the issuer knows the number, calls it valid, and at least one of name and birth date agrees, none differs
  refuted,      ///< unknown to the issuer, not valid, or of somebody else
  unknown,      ///< asked, but no usable answer came
  not_checked,  ///< not asked
};
std::string_view to_string(Answer answer) noexcept;

/// What to look up. Personal data: sent to the provider, logged nowhere.
struct Lookup {
  Kind kind = Kind::pan;
  SecretText number;
  std::string name;
  std::optional<std::string> dob;  ///< YYYY-MM-DD
  std::string idempotency_key;     ///< the same for every try of one check
};

/// `reason` is a code: "matches"; "number_unknown", "number_invalid", "name_differs", "birth_date_differs"; "nothing_compared",
/// "answer_malformed", "answer_unsigned", "provider_refused", "request_refused", "provider_busy", "provider_unavailable",
/// "provider_paused"; "not_configured", "no_consent", "no_number", "no_provider_for_type".
struct Outcome {
  Answer answer = Answer::not_checked;
  std::string reason;
  std::string reference;  ///< the provider's own, to quote in questions; sealed where it is kept
  int attempts = 0;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual Kind kind() const noexcept = 0;
  /// Blocking, on a worker thread, with retries: at most about three times the total time-out. Never throws, never fails:
  /// trouble is `Answer::unknown`.
  virtual Outcome look_up(const Lookup& lookup) = 0;
};

/// The providers that are configured.
class Registry {
 public:
  void add(std::unique_ptr<Provider> provider) { providers_.push_back(std::move(provider)); }
  Provider* find(Kind kind) const noexcept;

 private:
  std::vector<std::unique_ptr<Provider>> providers_;
};

}  // namespace authx::providers
