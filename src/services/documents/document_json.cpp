#include "services/documents/document_json.h"

#include <algorithm>

namespace authx::documents {
namespace {

json::string_view js(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace

Grade grade(const document::Reading& reading) {
  Grade g;
  if (reading.type == document::Type::unknown) {
    g.reasons.emplace_back("The picture was not recognised as one of the supported documents");
    return g;
  }
  bool capture_fault = false;
  bool suspicious = false;
  for (const auto& finding : reading.findings) {
    if (finding.outcome != document::Outcome::failed || finding.weight == document::Weight::note) continue;
    g.reasons.push_back(finding.explanation);
    if (finding.id == "not_expired")
      g.expired = true;
    else if (finding.kind == document::CheckKind::capture)
      capture_fault = true;
    else if (finding.weight == document::Weight::review)
      suspicious = true;
    else
      g.invalid = true;
  }
  // A misread digit fails a check just as a forged one does: blame the document only when it was read well.
  if (g.invalid && (reading.confidence < 0.6 || capture_fault)) g.invalid = false;
  const bool has_number = !reading.document_number.empty() || !reading.display_number.empty();
  if (!has_number) g.reasons.emplace_back("The document's number could not be read");
  if (reading.name.empty()) g.reasons.emplace_back("The name could not be read");
  const bool hard = std::ranges::any_of(reading.findings, [](const auto& f) {
    return f.outcome == document::Outcome::failed && f.kind != document::CheckKind::capture && f.weight == document::Weight::refuse;
  });
  g.accepted = has_number && !reading.name.empty() && !hard && reading.confidence >= 0.4;
  if (!g.accepted && g.reasons.empty())
    g.reasons.emplace_back("The document could not be read clearly enough; take the picture again in good light");
  g.needs_review = g.accepted && (suspicious || reading.confidence < 0.6);
  return g;
}

json::object ocr_data(const document::Reading& reading) {
  json::object out;
  for (const auto& field : reading.fields) {
    const json::string_view key{field.name.data(), field.name.size()};
    if (!out.contains(key)) out[key] = field.normalised.empty() ? field.value : field.normalised;
  }
  if (!reading.name.empty()) out["name"] = reading.name;
  if (!reading.display_number.empty()) out["document_number"] = reading.display_number;
  if (reading.dob) out["dob"] = format_date(*reading.dob);
  if (!reading.address.empty()) out["address"] = reading.address;
  if (!reading.gender.empty()) out["gender"] = reading.gender;
  if (reading.issue_date) out["issue_date"] = format_date(*reading.issue_date);
  if (reading.expiry_date) out["expiry_date"] = format_date(*reading.expiry_date);
  out["document_type"] = js(document::to_string(reading.type));
  return out;
}

std::optional<face::Embedding> embedding_from_json(const json::value& v) {
  const auto* values = find(v, "values");
  const auto model = get_text(v, "model_id");
  if (values == nullptr || !values->is_array() || !model) return std::nullopt;
  face::Embedding e;
  e.model_id = *model;
  for (const auto& value : values->as_array()) {
    if (!value.is_number()) return std::nullopt;
    e.values.push_back(static_cast<float>(value.to_number<double>()));
  }
  return e;
}

document::Finding finding_from_json(const json::value& v) {
  document::Finding f;
  f.id = get_text(v, "check").value_or("");
  const auto result = get_text(v, "result");
  f.outcome = result == "passed"   ? document::Outcome::passed
              : result == "failed" ? document::Outcome::failed
                                   : document::Outcome::not_checked;
  f.explanation = get_text(v, "explanation").value_or("");
  using enum document::CheckKind;
  for (const auto kind : {capture, type, rule, consistency, signature, authenticity})
    if (get_text(v, "kind") == document::to_string(kind)) f.kind = kind;
  for (const auto weight : {document::Weight::note, document::Weight::review, document::Weight::refuse})
    if (get_text(v, "weight") == document::to_string(weight)) f.weight = weight;
  f.score = get_number(v, "score");
  f.limits = get_text(v, "limits").value_or("");
  return f;
}

json::object reading_json(const document::Reading& reading, const Grade& grade, const Kept& kept) {
  json::array fields;
  for (const auto& f : reading.fields)
    fields.push_back({{"name", f.name},
                      {"value", f.value},
                      {"normalised", f.normalised},
                      {"confidence", f.confidence},
                      {"source", js(document::to_string(f.source))},
                      {"valid", f.valid},
                      {"reason", f.reason}});
  json::array findings;
  for (const auto& f : reading.findings) {
    json::object o{{"check", f.id},
                   {"result", js(document::to_string(f.outcome))},
                   {"explanation", f.explanation},
                   {"kind", js(document::to_string(f.kind))},
                   {"weight", js(document::to_string(f.weight))}};
    if (f.score) o["score"] = *f.score;
    if (!f.limits.empty()) o["limits"] = f.limits;
    findings.push_back(std::move(o));
  }
  json::array evidence;
  for (const auto& e : reading.evidence) {
    json::object o{{"kind", js(document::to_string(e.kind))},
                   {"state", js(document::to_string(e.state))},
                   {"format", e.format},
                   {"side", js(document::to_string(e.side))},
                   {"warnings", json::value_from(e.warnings)}};
    if (!e.key_name.empty()) o["key_name"] = e.key_name;
    if (!e.key_fingerprint.empty()) o["key_fingerprint"] = e.key_fingerprint;
    if (e.signed_at) o["signed_at"] = format_time(*e.signed_at);
    evidence.push_back(std::move(o));
  }
  json::object out{{"type", js(document::to_string(reading.type))},
                   {"variant", reading.variant},
                   {"type_confidence", reading.type_confidence},
                   {"confidence", reading.confidence},
                   {"name", reading.name},
                   {"number", reading.display_number},
                   {"accepted", grade.accepted},
                   {"expired", grade.expired},
                   {"invalid", grade.invalid},
                   {"redacted", kept.redacted},
                   {"assurance", js(document::to_string(reading.assurance))},
                   {"reasons", json::value_from(grade.reasons)},
                   {"fields", std::move(fields)},
                   {"findings", std::move(findings)},
                   {"evidence", std::move(evidence)}};
  if (reading.dob) {
    out["dob"] = format_date(*reading.dob);
  } else if (const auto* year = reading.find("year_of_birth"); year != nullptr && year->valid) {
    out["dob"] = year->normalised.empty() ? year->value : year->normalised;
  }
  if (reading.expiry_date) out["expiry"] = format_date(*reading.expiry_date);
  if (kept.portrait) out["portrait_signed"] = kept.portrait_signed;
  return out;
}

}  // namespace authx::documents
