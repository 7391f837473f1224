#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace authx::decision {

/// What the steps found out, as the rules see it. Everything that the outcome depends on is here, so that `decide` on the
/// stored inputs gives the stored outcome again.
struct DocumentFacts {
  std::string id;
  std::string type;                ///< as seen
  bool accepted = false;           ///< the document step's own outcome
  bool forged_or_invalid = false;  ///< a check failed that no better photo would mend (check digits, expiry)
  bool expired = false;
  double confidence = 0;             ///< 0..1
  std::string name;                  ///< as read; empty when it was not
  std::optional<std::string> dob;    ///< YYYY-MM-DD, or YYYY when the document has only the year
  std::string image_sha256;          ///< hex
  std::vector<std::string> reasons;  ///< why it was refused

  // Empty in the stored inputs of rules before 2026-11.2, which did not ask.
  std::string assurance;            ///< "read_only", "internally_consistent", "cryptographically_verified"
  bool signature_invalid = false;   ///< a signature on it does not fit its content
  std::vector<std::string> doubts;  ///< checks of authenticity that failed
  bool image_reused = false;        ///< another account gave the same picture
  bool number_reused = false;       ///< another account gave the same number
  std::string lookup;               ///< the issuer's answer: "confirmed", "refuted", "unknown", "not_checked"
  std::string lookup_reason;        ///< its code

  // What stands for the name and the birth date once the document was deleted.
  std::optional<double> name_similarity;  ///< to the account's name
  std::optional<bool> dob_agrees;         ///< with the account's birth date
};

struct FaceFacts {
  bool captured = false;
  bool accepted = false;        ///< one face, good enough
  bool portrait_found = false;  ///< on one of the documents
  double similarity = 0, threshold = 0, fmr = 1, probability = 0;
  bool match = false;
  bool liveness_model = false;     ///< a trained model spoke
  std::optional<double> liveness;  ///< 0..1
  std::string liveness_method;
  std::string model_id;
  std::string image_sha256;

  // Nought in the stored inputs of rules before 2026-11.3, which did not ask.
  int enrolled_elsewhere = 0;    ///< other accounts with this face
  int watched = 0, blocked = 0;  ///< entries of watch-lists and blocklists that this face matches

  /// Of the portrait, since its document was issued; nothing where the document does not say, and in the stored inputs of rules
  /// before 2026-12.1.
  std::optional<int> portrait_age_days{};
};

/// A fingerprint or an iris that the verification asked for.
struct BiometricFacts {
  std::string type;     ///< "fingerprint", "iris"
  std::string outcome;  ///< "matched" an earlier enrolment, "enrolled" for the first time, "differs", "unusable"
  double fmr = 1;       ///< of a match
};

struct Inputs {
  std::string account_name;
  std::optional<std::string> account_dob;
  std::vector<DocumentFacts> documents;
  FaceFacts face;
  std::vector<BiometricFacts> biometrics;
  std::vector<std::string> unavailable_steps;  ///< steps that were asked for and that this server can't do
};

/// What must speak for a living person before a machine may approve: basic, the passive signal of whatever is installed; strict,
/// a trained passive model or a passed active challenge; active, a passed active challenge.
enum class LivenessPolicy { basic, strict, active };
std::string_view to_string(LivenessPolicy policy) noexcept;
std::optional<LivenessPolicy> parse_liveness_policy(std::string_view word) noexcept;

/// `FaceFacts::liveness_method` of a capture that came with a passed active challenge.
inline constexpr std::string_view kActiveChallenge = "active-challenge";

struct Policy {
  std::string version = "2026-12.1";
  double min_document_confidence = 0.6;
  double name_agrees = 0.85;  ///< similarity at and above which names agree
  double name_differs = 0.6;  ///< below which they differ
  double live_at = 0.5, spoof_below = 0.2;
  LivenessPolicy liveness = LivenessPolicy::basic;
  bool duplicate_needs_review = true;  ///< else a face that is enrolled elsewhere is only noted
  bool blocklist_rejects = false;      ///< else a person looks
  /// A portrait older than this may no longer match its owner (0: none is too old). Ageing makes the same person's pictures less
  /// alike and not different persons' more: so a match counts in full, and a miss that stays as alike as `old_portrait_fmr` of
  /// different persons are goes to a person instead of being refused.
  int old_portrait_days = 0;
  double old_portrait_fmr = 1e-2;
};

enum class Outcome { approved, rejected, needs_review };
std::string_view to_string(Outcome outcome) noexcept;

struct Reason {
  std::string code;      ///< stable; clients switch on it
  std::string message;   ///< a sentence without personal data
  std::string severity;  ///< "reject" | "review" | "info"
};

struct Verdict {
  Outcome outcome = Outcome::needs_review;
  std::vector<Reason> reasons;
  double confidence = 0;  ///< 0..1: the weakest link's
};

/// Any "reject" reason rejects; else any "review" reason sends it to a person; else it is approved. Pure.
Verdict decide(const Inputs& inputs, const Policy& policy);

/// The same inputs without what only the document said: its name and birth date are replaced by how they compared, so that
/// `decide` still gives the same verdict. For a document that is deleted after the decision.
void forget_document(Inputs& inputs, std::string_view document_id);

json::object to_json(const Inputs& inputs);
json::object to_json(const Policy& policy);
json::object to_json(const Verdict& verdict);
Result<Inputs> inputs_from_json(const json::value& v);
Result<Policy> policy_from_json(const json::value& v);

}  // namespace authx::decision
