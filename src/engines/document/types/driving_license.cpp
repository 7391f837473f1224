#include <algorithm>
#include <cctype>

#include "engines/document/types/type.h"

namespace authx::document {
namespace {

using namespace std::string_view_literals;

double score(const Page& page) {
  double s = 0;
  for (const auto& row : page.rows) {
    const std::string t = row.text();
    if (has_like(t, "DRIVING LICENCE") || has_like(t, "DRIVING LICENSE")) s += 0.7;
    if (has_like(t, "UNION OF INDIA") || has_like(t, "INDIAN UNION")) s += 0.3;
    if (has_like(t, "S/D/W of") || has_like(t, "Blood Group")) s += 0.2;
  }
  const auto n = find_pattern(page.rows, "LLDDDDDDDDDDDDD");
  if (n && check_driving_license(n->value).valid) s += 0.4;
  return std::min(1.0, s);
}

/// What follows a label up to the next label on the same row.
std::string before_next_label(std::string value) {
  static constexpr std::string_view kLabels[] = {"Blood Group", "Validity", "Date of Birth", "Issue Date", "DOB", "Valid Till"};
  for (const auto label : kLabels) {
    const Match m = find_like(value, label);
    if (m.found && m.end > label.size()) value.resize(m.end - std::min(m.end, label.size()));
  }
  return value;
}

void extract(const Page& page, const Extraction& out) {
  auto n = find_pattern(page.rows, "LLDDDDDDDDDDDDD");
  if (!n) {
    static constexpr std::string_view kNumber[] = {"DL No", "Licence No", "License No"};
    n = value_of(page.rows, kNumber);
  }
  if (n) add_number(out, *n, check_driving_license(n->value), "The licence number has a valid structure");
  const auto add_date = [&](std::string name, std::span<const std::string_view> labels) {
    if (const auto d = date_of_label(page.rows, labels)) out.add(date_field(std::move(name), *d));
  };
  static constexpr std::string_view kBirth[] = {"Date of Birth", "DOB"};
  static constexpr std::string_view kIssue[] = {"Issue Date", "Date of Issue", "DOI"};
  static constexpr std::string_view kExpiry[] = {"Validity (NT)", "Valid Till", "Validity"};
  add_date("dob", kBirth);
  add_date("issue_date", kIssue);
  add_date("expiry_date", kExpiry);

  const auto add_labelled = [&](std::string name, std::string_view label, bool starts) {
    for (const auto& row : page.rows) {
      const Match m = find_like(row.text(), label);
      if (!m.found || (starts && m.end > label.size() + 3)) continue;
      const std::string_view labels[] = {label};
      auto v = value_of({row}, labels);
      if (!v) continue;
      v->value = before_next_label(std::move(v->value));
      if (add_name(out, name, *v)) return;
    }
  };
  add_labelled("name", "Name", true);
  add_labelled("father_name", "S/D/W of", false);
  static constexpr std::string_view kAddress[] = {"Address", "Add"};
  if (const auto a = value_of(page.rows, kAddress)) out.add(printed_field("address", *a));
}

constexpr std::string_view kRequired[] = {"document_number", "name", "dob", "expiry_date"};

}  // namespace

extern const TypeReader kDrivingLicense;
const TypeReader kDrivingLicense{Type::driving_license, &score, &extract, kRequired};

}  // namespace authx::document
