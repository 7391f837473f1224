#include "engines/document/conclude.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace authx::document {
namespace {

bool declared_as(DeclaredType declared, Type seen) {
  switch (declared) {
    case DeclaredType::other: return true;
    case DeclaredType::aadhaar: return seen == Type::aadhaar;
    case DeclaredType::pan: return seen == Type::pan;
    case DeclaredType::passport: return seen == Type::passport;
    case DeclaredType::driving_license: return seen == Type::driving_license || seen == Type::aamva_license;
    case DeclaredType::voter_id: return seen == Type::voter_id;
  }
  return false;
}

std::optional<Date> date_field_value(const Reading& r, std::string_view name) {
  const Field* f = r.find(name);
  return f == nullptr ? std::nullopt : parse_date(f->normalised);
}

/// Why nothing was recognised, as far as the picture tells.
std::string why_unknown(const Reading& reading, const std::vector<PageWork>& pages) {
  std::size_t words = 0;
  std::size_t lines = 0;
  double weak = 0;
  bool found = false;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const auto& p = pages[i];
    found = found || reading.pages[i].outline_found || p.capture.fills_picture;
    lines += p.content.lines.size();
    for (const auto& row : p.content.rows) {
      for (const auto& w : row.words) words += w.confidence > 0.6 && w.text.size() >= 3 ? 1 : 0;
    }
    weak = std::max(weak, best_type(p.content).score);
  }
  if (words == 0 && !found) return "The picture shows no document";
  if (words < 3) return lines > 3 ? "The document's print can't be read" : "The picture shows hardly any print";
  if (weak > 0.2) return "The print has too little of what marks a document that can be read here";
  return "The print is of none of the documents that can be read here";
}

void add_capture(Reading& r, const std::vector<PageWork>& pages) {
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const Side side = r.pages[i].side;
    const std::string prefix = side == Side::front ? "" : "back_";
    for (Finding f : pages[i].capture.findings) {
      // A picture whose print was read and recognised does show a document.
      if (f.id == "document_found" && r.type != Type::unknown) f.outcome = Outcome::passed;
      if (f.id == "document_found" && f.outcome == Outcome::passed) f.explanation = "A document is in the picture";
      f.id = prefix + f.id;
      f.side = side;
      r.findings.push_back(std::move(f));
    }
  }
}

}  // namespace

double confidence_of(const Reading& r, const TypeReader& type) {
  double sum = 0;
  for (const auto name : type.required) {
    const Field* f = r.find(name);
    if (f == nullptr && name == "dob") f = r.find("year_of_birth");
    if (f != nullptr) sum += f->confidence * (f->valid ? 1 : 0.5);
  }
  return std::clamp(sum / static_cast<double>(type.required.size()), 0.0, 1.0);
}

void conclude(Reading& r, const std::vector<PageWork>& pages, const ReadOptions& options) {
  // Names keep the order of their first appearance; within a name the best comes first.
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < r.fields.size(); ++i) first.try_emplace(r.fields[i].name, i);
  std::ranges::stable_sort(r.fields, {}, [&](const Field& f) { return std::tuple{first[f.name], !f.valid, -f.confidence}; });
  if (const Field* f = r.find("name")) r.name = f->normalised;
  if (const Field* f = r.find("gender")) r.gender = f->normalised;
  if (const Field* f = r.find("address")) r.address = f->normalised;
  r.dob = date_field_value(r, "dob");
  r.issue_date = date_field_value(r, "issue_date");
  r.expiry_date = date_field_value(r, "expiry_date");

  const auto add = [&](std::string id, bool good, std::string yes, std::string no, CheckKind kind = CheckKind::rule) {
    r.findings.push_back({std::move(id), good ? Outcome::passed : Outcome::failed, good ? std::move(yes) : std::move(no), kind});
  };
  add("type_known", r.type != Type::unknown, "The document is of a known type", why_unknown(r, pages), CheckKind::capture);
  if (options.declared != DeclaredType::other && r.type != Type::unknown) {
    add("type_matches", declared_as(options.declared, r.type), "The document is of the declared type",
        fmt::format("The document looks like {} instead of {}", to_string(r.type), to_string(options.declared)), CheckKind::type);
  }
  if (r.expiry_date) add("not_expired", *r.expiry_date >= options.today, "The document has not expired", "The document has expired");
  if (r.dob) {
    const int age = full_years_between(*r.dob, options.today);
    add("birth_plausible", *r.dob <= options.today && age <= 120, "The date of birth is plausible", "The date of birth is not plausible");
  }
  if (r.issue_date && r.expiry_date) {
    add("issued_before_expiry", *r.issue_date < *r.expiry_date, "The dates of issue and expiry are in order",
        "The document expires before its issue");
  }
  if (r.issue_date)
    add("issue_not_in_future", *r.issue_date <= options.today, "The date of issue is in the past", "The date of issue is in the future");
  add_capture(r, pages);
}

}  // namespace authx::document
