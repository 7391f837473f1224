// What a number says about its document, against the other fields.

#include <fmt/format.h>

#include <cctype>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/offices.h"
#include "engines/document/rules.h"

namespace authx::document::authenticity {

void check_numbers(Scene& scene, std::vector<Finding>& out);

namespace {

constexpr auto kKind = CheckKind::consistency;

void licence(const Reading& r, std::string_view n, std::vector<Finding>& out) {
  // State, office, year, serial: fifteen characters; older forms say less.
  if (n.size() != 15 || std::isdigit(static_cast<unsigned char>(n[2])) == 0 || std::isdigit(static_cast<unsigned char>(n[3])) == 0) {
    out.push_back(unchecked("number_office_known", kKind, "The licence number has an older form", Weight::note));
    return;
  }
  const auto offices = offices_of(n.substr(0, 2));
  const int office = 10 * (n[2] - '0') + (n[3] - '0');
  out.push_back(judged("number_office_known", kKind, office >= offices.first && office <= offices.last,
                       "The licence number names an office that its state has",
                       "The licence number names an office that its state is not known to have", Weight::note));
  out.back().limits = "States open offices: the list may lag behind";
  int year = 0;
  for (const char c : n.substr(4, 4)) {
    if (c < '0' || c > '9') return;
    year = 10 * year + (c - '0');
  }
  // The number keeps the year of the first issue; the card may be renewed later.
  const bool late = r.issue_date && year > static_cast<int>(r.issue_date->year());
  const bool early = r.dob && year < static_cast<int>(r.dob->year()) + 16;
  if (r.issue_date || r.dob) {
    out.push_back(
        judged("number_year_fits", kKind, !late && !early, "The year in the licence number fits the dates",
               late ? "The licence number names a year after the issue" : "The licence number names a year in which the holder was a child",
               Weight::review));
  }
}

void pan(const Reading& r, std::string_view n, std::vector<Finding>& out) {
  if (!check_pan(n).valid) return;
  const bool person = r.find("father_name") != nullptr || r.find("dob") != nullptr;
  if (!person) {
    out.push_back(unchecked("number_holder_fits", kKind, "Nothing but the number tells whose card it is"));
    return;
  }
  // Companies' cards bear a date of incorporation but no father's name.
  const bool good = n[3] == 'P' || r.find("father_name") == nullptr;
  out.push_back(judged("number_holder_fits", kKind, good, "The PAN's fourth letter fits its holder",
                       fmt::format("The PAN's fourth letter stands for {}, yet the card names a father", pan_holder(n[3])),
                       Weight::review));
}

void voter(std::string_view n, std::vector<Finding>& out) {
  if (n.size() != 10) return;
  // Luhn over the serial's six digits with the seventh as check digit. Many cards follow it, the Commission has published no such rule:
  // agreement is worth saying, disagreement is not.
  int sum = 0;
  for (std::size_t i = 3; i < 10; ++i) {
    if (std::isdigit(static_cast<unsigned char>(n[i])) == 0) return;
    int d = n[i] - '0';
    if ((10 - i) % 2 == 0) d = d * 2 > 9 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  if (sum % 10 == 0) {
    out.push_back(judged("number_check_digit", kKind, true, "The voter number's last digit fits the others", {}, Weight::note));
  } else {
    out.push_back(
        unchecked("number_check_digit", kKind, "The voter number's last digit follows no rule, as on many genuine cards", Weight::note));
  }
}

}  // namespace

void check_numbers(Scene& scene, std::vector<Finding>& out) {
  const auto& r = *scene.in.reading;
  const Field* f = r.find("document_number");
  if (f == nullptr) return;
  const std::string_view n = f->normalised;
  switch (r.type) {
    case Type::driving_license: licence(r, n, out); break;
    case Type::pan: pan(r, n, out); break;
    case Type::voter_id: voter(n, out); break;
    default: break;
  }
}

}  // namespace authx::document::authenticity
