#include <algorithm>

#include "engines/document/local_name.h"
#include "engines/document/types/type.h"

namespace authx::document {
namespace {

using namespace std::string_view_literals;

double score(const Page& page) {
  double s = 0;
  for (const auto& row : page.rows) {
    const std::string t = row.text();
    if (has_like(t, "ELECTION COMMISSION OF INDIA")) s += 0.8;
    if (has_like(t, "Elector's Name") || has_like(t, "ELECTOR PHOTO IDENTITY")) s += 0.5;
  }
  for (const auto& row : page.rows) {
    const std::string t = row.text();
    if (has_like(t, "Electoral Registration Officer")) s += 0.4;
    if (has_like(t, "Assembly Constituency")) s += 0.3;
  }
  if (find_pattern(page.rows, "LLLDDDDDDD")) s += 0.25;
  return std::min(1.0, s);
}

bool is_back(const Page& page) {
  bool person = false;
  bool office = false;
  for (const auto& row : page.rows) {
    const std::string t = row.text();
    person = person || has_like(t, "Elector's Name") || has_like(t, "Father's Name") || has_like(t, "ELECTION COMMISSION OF INDIA");
    office = office || has_like(t, "Electoral Registration Officer") || has_like(t, "Assembly Constituency");
  }
  return office && !person;
}

void extract(const Page& page, const Extraction& out) {
  if (out.reading.variant.empty()) out.reading.variant = is_back(page) ? "back" : "front";
  if (const auto n = find_pattern(page.rows, "LLLDDDDDDD"))
    add_number(out, *n, check_epic(n->value), "The voter card number has a valid structure");
  static constexpr std::string_view kName[] = {"Elector's Name"};
  static constexpr std::string_view kParent[] = {"Father's Name", "Husband's Name", "Mother's Name"};
  if (const auto v = value_of(page.rows, kName)) add_name(out, "name", *v);
  if (const Field* name = out.reading.find("name"); name != nullptr) {
    if (auto local = read_local_name(page, name->normalised, name->box, out.deadline)) out.add(std::move(*local));
  }
  if (const auto v = value_of(page.rows, kParent)) add_name(out, "father_name", *v);
  static constexpr std::string_view kBirth[] = {"Date of Birth", "DOB"};
  if (const auto d = date_of_label(page.rows, kBirth)) out.add(date_field("dob", *d));
  if (const auto g = find_gender(page.rows)) out.add(printed_field("gender", *g));
  static constexpr std::string_view kAddress[] = {"Address"};
  if (const auto a = value_of(page.rows, kAddress)) out.add(printed_field("address", *a));
}

constexpr std::string_view kRequired[] = {"document_number", "name"};

}  // namespace

extern const TypeReader kVoterId;
const TypeReader kVoterId{Type::voter_id, &score, &extract, kRequired, &is_back};

}  // namespace authx::document
