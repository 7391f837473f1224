#include "engines/decision/decision.h"

#include <algorithm>

#include "engines/decision/names.h"

namespace authx::decision {
namespace {

class Findings {
 public:
  void reject(std::string code, std::string message) { add(std::move(code), std::move(message), "reject"); }
  void review(std::string code, std::string message) { add(std::move(code), std::move(message), "review"); }
  void info(std::string code, std::string message) { add(std::move(code), std::move(message), "info"); }
  Verdict verdict(double confidence) && {
    Verdict v;
    const auto has = [&](std::string_view severity) {
      return std::ranges::any_of(reasons_, [&](const Reason& r) { return r.severity == severity; });
    };
    v.outcome = has("reject") ? Outcome::rejected : has("review") ? Outcome::needs_review : Outcome::approved;
    for (const std::string_view severity : {"reject", "review", "info"})  // gravest first, else in the order found
      std::ranges::copy_if(reasons_, std::back_inserter(v.reasons), [&](const Reason& r) { return r.severity == severity; });
    v.confidence = std::clamp(confidence, 0.0, 1.0);
    return v;
  }

 private:
  void add(std::string code, std::string message, std::string severity) {
    reasons_.push_back({std::move(code), std::move(message), std::move(severity)});
  }
  std::vector<Reason> reasons_;
};

/// What the issuer said. Never better than its answer: not asking confirms nothing.
void judge_lookup(const DocumentFacts& d, Findings& out) {
  const bool differs = d.lookup_reason == "name_differs" || d.lookup_reason == "birth_date_differs";
  if (d.lookup == "confirmed")
    out.info("issuer_confirmed", "The issuer's records confirm the document");
  else if (d.lookup == "refuted" && differs)
    out.review("issuer_differs", "The issuer's records name the document's holder differently");
  else if (d.lookup == "refuted")
    out.reject("issuer_refuted", "The issuer's records do not know the document or say that it is not valid");
  else if (d.lookup == "unknown")
    out.review("issuer_unknown", "The issuer's records gave no usable answer");
  else if (d.lookup == "not_checked")
    out.info("issuer_not_checked", "The document was not looked up at its issuer");
}

void judge_documents(const Inputs& in, const Policy& policy, Findings& out) {
  if (in.documents.empty()) out.review("document_missing", "No identity document was given");
  for (const auto& d : in.documents) {
    if (d.expired)
      out.reject("document_expired", "The document has expired");
    else if (d.signature_invalid)
      out.reject("signature_invalid", "A digital signature on the document does not fit what it says");
    else if (d.forged_or_invalid)
      out.reject("document_invalid", "The document's own checks do not add up");
    else if (!d.accepted)
      out.review("document_unreadable", "The document could not be read well enough to accept it");
    else if (d.confidence < policy.min_document_confidence)
      out.review("document_uncertain", "The document was read with low confidence");
    if (!d.doubts.empty()) out.review("authenticity_doubtful", "The document shows traces of copying or editing, so a person must look");
    if (d.image_reused) out.review("image_reused", "The same picture of a document was given by another account");
    if (d.number_reused) out.review("number_reused", "Another account gave a document with the same number");
    if (d.assurance == "cryptographically_verified")
      out.info("document_signed", "What the document says was verified by its issuer's digital signature");
    judge_lookup(d, out);
  }
}

/// A document may have only the year.
bool same_birth(std::string_view account, std::string_view document) {
  return document.size() == 4 ? account.substr(0, 4) == document : account == document;
}

void judge_person(const Inputs& in, const Policy& policy, Findings& out) {
  bool name_seen = false;
  bool dob_seen = false;
  for (const auto& d : in.documents) {
    if (!d.accepted) continue;
    if (!d.name.empty() || d.name_similarity) {
      name_seen = true;
      const double similarity = d.name.empty() ? *d.name_similarity : name_similarity(in.account_name, d.name);
      if (similarity < policy.name_differs)
        out.review("name_differs", "The name on the document differs from the account's name");
      else if (similarity < policy.name_agrees)
        out.review("name_unclear", "The name on the document only partly agrees with the account's name");
    }
    if (d.dob && in.account_dob) {
      dob_seen = true;
      if (!same_birth(*in.account_dob, *d.dob))
        out.reject("birth_date_differs", "The birth date on the document differs from the account's");
    } else if (d.dob_agrees && in.account_dob) {
      dob_seen = true;
      if (!*d.dob_agrees) out.reject("birth_date_differs", "The birth date on the document differs from the account's");
    }
  }
  const bool any_accepted = std::ranges::any_of(in.documents, &DocumentFacts::accepted);
  if (any_accepted && !name_seen) out.review("name_not_read", "No name could be read from the document");
  if (any_accepted && !in.account_dob)
    out.info("birth_date_not_given", "The account has no birth date to compare");
  else if (any_accepted && !dob_seen)
    out.review("birth_date_not_read", "No birth date could be read from the document");
}

void judge_face(const FaceFacts& f, const Policy& policy, Findings& out) {
  if (!f.captured) return out.review("face_missing", "No live face was given");
  if (!f.accepted) return out.review("face_unusable", "The face picture is not good enough to compare");
  if (!f.portrait_found) return out.review("portrait_missing", "No portrait was found on the document");
  const bool old = policy.old_portrait_days > 0 && f.portrait_age_days && *f.portrait_age_days > policy.old_portrait_days;
  if (!f.match && old && f.fmr <= policy.old_portrait_fmr)
    out.review("face_unclear_old_portrait", "The face resembles the document's old portrait but does not match it, so a person must look");
  else if (!f.match)
    out.reject("face_differs", "The face does not match the document's portrait");
  if (old) out.info("portrait_old", "The document's portrait is old; a newer document would make the comparison surer");
  const bool challenged = f.liveness_method == kActiveChallenge;
  if (policy.liveness == LivenessPolicy::active && !challenged)
    out.review("liveness_challenge_missing", "No live check was passed, so a person must look");
  if (f.liveness && *f.liveness < policy.spoof_below) {
    // A still picture's signal is wrong often enough that it cannot overrule a passed challenge; a person looks.
    if (challenged)
      out.review("liveness_unclear", "It is unclear whether a live person was in front of the camera");
    else
      out.reject("not_live", "The face picture looks like a copy, not a live person");
  } else if (f.liveness && *f.liveness < policy.live_at) {
    if (!challenged) out.review("liveness_unclear", "It is unclear whether a live person was in front of the camera");
  } else if (!f.liveness_model && !challenged) {
    if (policy.liveness == LivenessPolicy::strict)
      out.review("liveness_not_checked", "No liveness model is installed, so a person must look");
    else if (policy.liveness == LivenessPolicy::basic)
      out.info("liveness_basic", "Liveness was judged by image cues only: no liveness model is installed");
  }
  if (f.enrolled_elsewhere > 0 && policy.duplicate_needs_review)
    out.review("face_enrolled_elsewhere", "Another account is enrolled with this face");
  else if (f.enrolled_elsewhere > 0)
    out.info("face_enrolled_elsewhere", "Another account is enrolled with this face");
  // The reasons are shown to the person: that a list made them, and which, is not for them.
  if (f.blocked > 0 && policy.blocklist_rejects)
    out.reject("identity_refused", "The verification was refused");
  else if (f.blocked > 0 || f.watched > 0)
    out.review("identity_check_needed", "A person must look at this verification");
}

/// A first enrolment compares with nothing: it neither confirms the person nor casts doubt.
void judge_biometrics(const std::vector<BiometricFacts>& biometrics, Findings& out) {
  for (const auto& b : biometrics) {
    if (b.outcome == "matched")
      out.info("biometric_matched", "The " + b.type + " matches the one enrolled before");
    else if (b.outcome == "enrolled")
      out.info("biometric_enrolled", "The " + b.type + " was enrolled; there was none before to compare with");
    else if (b.outcome == "differs")
      out.review("biometric_differs", "The " + b.type + " does not match the one enrolled before");
    else
      out.review("biometric_unusable", "The " + b.type + " is not good enough to use");
  }
}

}  // namespace

std::string_view to_string(LivenessPolicy policy) noexcept {
  switch (policy) {
    case LivenessPolicy::basic: return "basic";
    case LivenessPolicy::strict: return "strict";
    case LivenessPolicy::active: return "active";
  }
  return "basic";
}

std::optional<LivenessPolicy> parse_liveness_policy(std::string_view word) noexcept {
  for (const auto policy : {LivenessPolicy::basic, LivenessPolicy::strict, LivenessPolicy::active})
    if (word == to_string(policy)) return policy;
  return std::nullopt;
}

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::approved: return "approved";
    case Outcome::rejected: return "rejected";
    case Outcome::needs_review: return "needs_review";
  }
  return "needs_review";
}

Verdict decide(const Inputs& in, const Policy& policy) {
  Findings findings;
  judge_documents(in, policy, findings);
  judge_person(in, policy, findings);
  judge_face(in.face, policy, findings);
  judge_biometrics(in.biometrics, findings);
  for (const auto& step : in.unavailable_steps) findings.review(step + "_unavailable", "This server cannot do the step " + step);
  double confidence = in.face.match ? in.face.probability : 0;
  for (const auto& d : in.documents) confidence = std::min(confidence, d.accepted ? d.confidence : 0.0);
  if (in.documents.empty()) confidence = 0;
  return std::move(findings).verdict(confidence);
}

void forget_document(Inputs& in, std::string_view document_id) {
  for (auto& d : in.documents) {
    if (d.id != document_id) continue;
    if (!d.name.empty()) d.name_similarity = name_similarity(in.account_name, d.name);
    if (d.dob && in.account_dob) d.dob_agrees = same_birth(*in.account_dob, *d.dob);
    d.name.clear();
    d.dob.reset();
  }
}

json::object to_json(const Inputs& in) {
  json::array documents;
  for (const auto& d : in.documents) {
    json::object o{{"id", d.id},
                   {"type", d.type},
                   {"accepted", d.accepted},
                   {"forged_or_invalid", d.forged_or_invalid},
                   {"expired", d.expired},
                   {"confidence", d.confidence},
                   {"name", d.name},
                   {"image_sha256", d.image_sha256},
                   {"reasons", json::value_from(d.reasons)}};
    if (d.dob) o["dob"] = *d.dob;
    if (!d.assurance.empty()) o["assurance"] = d.assurance;
    if (d.signature_invalid) o["signature_invalid"] = true;
    if (!d.doubts.empty()) o["doubts"] = json::value_from(d.doubts);
    if (d.image_reused) o["image_reused"] = true;
    if (d.number_reused) o["number_reused"] = true;
    if (!d.lookup.empty()) {
      o["lookup"] = d.lookup;
      o["lookup_reason"] = d.lookup_reason;
    }
    if (d.name_similarity) o["name_similarity"] = *d.name_similarity;
    if (d.dob_agrees) o["dob_agrees"] = *d.dob_agrees;
    documents.push_back(std::move(o));
  }
  const auto& f = in.face;
  json::object face{{"captured", f.captured},
                    {"accepted", f.accepted},
                    {"portrait_found", f.portrait_found},
                    {"similarity", f.similarity},
                    {"threshold", f.threshold},
                    {"fmr", f.fmr},
                    {"probability", f.probability},
                    {"match", f.match},
                    {"liveness_model", f.liveness_model},
                    {"liveness_method", f.liveness_method},
                    {"model_id", f.model_id},
                    {"image_sha256", f.image_sha256}};
  if (f.liveness) face["liveness"] = *f.liveness;
  if (f.enrolled_elsewhere > 0) face["enrolled_elsewhere"] = f.enrolled_elsewhere;
  if (f.watched > 0) face["watched"] = f.watched;
  if (f.blocked > 0) face["blocked"] = f.blocked;
  if (f.portrait_age_days) face["portrait_age_days"] = *f.portrait_age_days;
  json::object out{{"account_name", in.account_name},
                   {"documents", std::move(documents)},
                   {"face", std::move(face)},
                   {"unavailable_steps", json::value_from(in.unavailable_steps)}};
  if (in.account_dob) out["account_dob"] = *in.account_dob;
  if (!in.biometrics.empty()) {
    json::array biometrics;
    for (const auto& b : in.biometrics) biometrics.push_back(json::value{{"type", b.type}, {"outcome", b.outcome}, {"fmr", b.fmr}});
    out["biometrics"] = std::move(biometrics);
  }
  return out;
}

json::object to_json(const Policy& p) {
  const auto liveness = to_string(p.liveness);
  return {{"version", p.version},
          {"min_document_confidence", p.min_document_confidence},
          {"name_agrees", p.name_agrees},
          {"name_differs", p.name_differs},
          {"live_at", p.live_at},
          {"spoof_below", p.spoof_below},
          {"liveness", json::string_view{liveness.data(), liveness.size()}},
          {"duplicate_needs_review", p.duplicate_needs_review},
          {"blocklist_rejects", p.blocklist_rejects},
          {"old_portrait_days", p.old_portrait_days},
          {"old_portrait_fmr", p.old_portrait_fmr}};
}

json::object to_json(const Verdict& v) {
  json::array reasons;
  for (const auto& r : v.reasons) reasons.push_back({{"code", r.code}, {"message", r.message}, {"severity", r.severity}});
  const auto word = to_string(v.outcome);
  return {{"outcome", json::string_view{word.data(), word.size()}}, {"reasons", std::move(reasons)}, {"confidence", v.confidence}};
}

Result<Inputs> inputs_from_json(const json::value& v) {
  const auto* documents = find(v, "documents");
  const auto* face = find(v, "face");
  if (documents == nullptr || !documents->is_array() || face == nullptr)
    return Error{Errc::internal, "stored decision inputs are malformed"};
  const auto words = [](const json::value* list) {
    std::vector<std::string> out;
    if (list != nullptr && list->is_array())
      for (const auto& w : list->as_array())
        if (w.is_string()) out.emplace_back(w.as_string());
    return out;
  };
  Inputs in;
  in.account_name = get_text(v, "account_name").value_or("");
  in.account_dob = get_text(v, "account_dob");
  in.unavailable_steps = words(find(v, "unavailable_steps"));
  for (const auto& d : documents->as_array()) {
    DocumentFacts facts;
    facts.id = get_text(d, "id").value_or("");
    facts.type = get_text(d, "type").value_or("");
    facts.accepted = get_bool(d, "accepted").value_or(false);
    facts.forged_or_invalid = get_bool(d, "forged_or_invalid").value_or(false);
    facts.expired = get_bool(d, "expired").value_or(false);
    facts.confidence = get_number(d, "confidence").value_or(0);
    facts.name = get_text(d, "name").value_or("");
    facts.dob = get_text(d, "dob");
    facts.image_sha256 = get_text(d, "image_sha256").value_or("");
    facts.reasons = words(find(d, "reasons"));
    facts.assurance = get_text(d, "assurance").value_or("");
    facts.signature_invalid = get_bool(d, "signature_invalid").value_or(false);
    facts.doubts = words(find(d, "doubts"));
    facts.image_reused = get_bool(d, "image_reused").value_or(false);
    facts.number_reused = get_bool(d, "number_reused").value_or(false);
    facts.lookup = get_text(d, "lookup").value_or("");
    facts.lookup_reason = get_text(d, "lookup_reason").value_or("");
    facts.name_similarity = get_number(d, "name_similarity");
    facts.dob_agrees = get_bool(d, "dob_agrees");
    in.documents.push_back(std::move(facts));
  }
  if (const auto* biometrics = find(v, "biometrics"); biometrics != nullptr && biometrics->is_array()) {
    for (const auto& b : biometrics->as_array())
      in.biometrics.push_back({get_text(b, "type").value_or(""), get_text(b, "outcome").value_or(""), get_number(b, "fmr").value_or(1)});
  }
  auto& f = in.face;
  f.captured = get_bool(*face, "captured").value_or(false);
  f.accepted = get_bool(*face, "accepted").value_or(false);
  f.portrait_found = get_bool(*face, "portrait_found").value_or(false);
  f.similarity = get_number(*face, "similarity").value_or(0);
  f.threshold = get_number(*face, "threshold").value_or(0);
  f.fmr = get_number(*face, "fmr").value_or(1);
  f.probability = get_number(*face, "probability").value_or(0);
  f.match = get_bool(*face, "match").value_or(false);
  f.liveness_model = get_bool(*face, "liveness_model").value_or(false);
  f.liveness = get_number(*face, "liveness");
  f.liveness_method = get_text(*face, "liveness_method").value_or("");
  f.model_id = get_text(*face, "model_id").value_or("");
  f.image_sha256 = get_text(*face, "image_sha256").value_or("");
  const auto count = [&](std::string_view name) { return static_cast<int>(get_number(*face, name).value_or(0)); };
  f.enrolled_elsewhere = count("enrolled_elsewhere");
  f.watched = count("watched");
  f.blocked = count("blocked");
  if (const auto age = get_number(*face, "portrait_age_days")) f.portrait_age_days = static_cast<int>(*age);
  return in;
}

Result<Policy> policy_from_json(const json::value& v) {
  const auto version = get_text(v, "version");
  if (!version) return Error{Errc::internal, "stored policy is malformed"};
  Policy p;
  p.version = *version;
  p.min_document_confidence = get_number(v, "min_document_confidence").value_or(p.min_document_confidence);
  p.name_agrees = get_number(v, "name_agrees").value_or(p.name_agrees);
  p.name_differs = get_number(v, "name_differs").value_or(p.name_differs);
  p.live_at = get_number(v, "live_at").value_or(p.live_at);
  p.spoof_below = get_number(v, "spoof_below").value_or(p.spoof_below);
  p.liveness = parse_liveness_policy(get_text(v, "liveness").value_or("")).value_or(LivenessPolicy::basic);
  p.duplicate_needs_review = get_bool(v, "duplicate_needs_review").value_or(p.duplicate_needs_review);
  p.blocklist_rejects = get_bool(v, "blocklist_rejects").value_or(false);
  p.old_portrait_days = static_cast<int>(get_number(v, "old_portrait_days").value_or(0));
  p.old_portrait_fmr = get_number(v, "old_portrait_fmr").value_or(p.old_portrait_fmr);
  return p;
}

}  // namespace authx::decision
