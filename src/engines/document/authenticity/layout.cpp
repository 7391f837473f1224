// Where values stand to each other on the types whose front has one published design.

#include <algorithm>
#include <cmath>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_layout(Scene& scene, std::vector<Finding>& out);

namespace {

/// `upper` stands above `lower`, or on one line with it where `level` allows that.
struct Relation {
  Type type;
  std::string_view variant;  ///< empty: any
  std::string_view upper;
  std::string_view lower;
  bool level = false;
};

constexpr Relation kRelations[] = {
    {Type::aadhaar, "front", "name", "dob"},
    {Type::aadhaar, "front", "dob", "gender", true},
    {Type::aadhaar, "front", "gender", "document_number"},
    {Type::aadhaar, "front", "name", "document_number"},
    {Type::aadhaar, "front", "dob", "document_number"},
    {Type::aadhaar, "front", "document_number", "vid"},
    {Type::aadhaar, "masked", "name", "dob"},
    {Type::aadhaar, "masked", "dob", "gender", true},
    {Type::aadhaar, "masked", "dob", "document_number"},
    {Type::pan, "new", "document_number", "name"},
    {Type::pan, "new", "document_number", "dob"},
    {Type::pan, "new", "name", "father_name"},
    {Type::pan, "new", "father_name", "dob"},
    {Type::pan, "old", "name", "father_name"},
    {Type::pan, "old", "father_name", "dob"},
    {Type::pan, "old", "dob", "document_number"},
    {Type::driving_license, "", "document_number", "name"},
    {Type::driving_license, "", "document_number", "dob"},
    {Type::driving_license, "", "document_number", "issue_date", true},
    {Type::driving_license, "", "document_number", "expiry_date", true},
    {Type::driving_license, "", "name", "address"},
    {Type::driving_license, "", "name", "father_name"},
    {Type::voter_id, "", "document_number", "dob"},
    {Type::voter_id, "", "name", "father_name"},
    {Type::voter_id, "", "name", "gender"},
    {Type::passport, "", "document_number", "surname", true},
    {Type::passport, "", "document_number", "given_names", true},
    {Type::passport, "", "document_number", "dob"},
    {Type::passport, "", "document_number", "issue_date"},
    {Type::passport, "", "surname", "given_names"},
    {Type::passport, "", "given_names", "dob"},
    {Type::passport, "", "dob", "expiry_date"},
    {Type::passport, "", "issue_date", "expiry_date", true},
};

/// Heights of two values' letters over each other; the design prints both in one size.
struct SameSize {
  Type type;
  std::string_view one;
  std::string_view other;
};
constexpr SameSize kSizes[] = {
    {Type::pan, "name", "father_name"},         {Type::driving_license, "issue_date", "expiry_date"},
    {Type::passport, "surname", "given_names"}, {Type::passport, "issue_date", "expiry_date"},
    {Type::voter_id, "name", "father_name"},
};

const Field* printed(const Reading& r, std::string_view name, Side side) {
  const auto it = std::ranges::find_if(
      r.fields, [&](const Field& f) { return f.name == name && f.source == Source::printed && f.side == side && !f.box.empty(); });
  return it == r.fields.end() ? nullptr : &*it;
}

struct Places {
  int asked = 0;
  int broken = 0;
  bool number = false;  ///< one of them is the number's, whose form tells what it is wherever it stands
  const Field* misplaced = nullptr;

  double excess() const { return std::max(asked == 0 ? 0 : broken / (asked * kLayoutShare), number ? 1.0 : 0.0); }
};

Places places(const Reading& r, Side side, std::string_view variant) {
  Places out;
  for (const auto& rel : kRelations) {
    if (rel.type != r.type || (!rel.variant.empty() && rel.variant != variant)) continue;
    const Field* a = printed(r, rel.upper, side);
    const Field* b = printed(r, rel.lower, side);
    if (a == nullptr || b == nullptr) continue;
    ++out.asked;
    const double way = (b->box.y + b->box.height / 2.0) - (a->box.y + a->box.height / 2.0);
    const double slack = 0.5 * std::min(a->box.height, b->box.height);
    if (way >= (rel.level ? -slack : slack)) continue;
    ++out.broken;
    const bool number = a->name == "document_number" || b->name == "document_number";
    out.number = out.number || number;
    if (number || out.misplaced == nullptr) out.misplaced = a->name == "document_number" ? a : b;
  }
  for (const auto& s : kSizes) {
    if (s.type != r.type) continue;
    const Field* a = printed(r, s.one, side);
    const Field* b = printed(r, s.other, side);
    if (a == nullptr || b == nullptr) continue;
    ++out.asked;
    if (std::abs(std::log(static_cast<double>(a->box.height) / b->box.height)) <= std::log(1.7)) continue;
    ++out.broken;
    if (out.misplaced == nullptr) out.misplaced = b;
  }
  return out;
}

}  // namespace

void check_layout(Scene& scene, std::vector<Finding>& out) {
  const auto& r = *scene.in.reading;
  const auto& page = *scene.in.page;
  if (page.side != Side::front) return;
  const std::string id = "layout_matches";
  constexpr auto kind = CheckKind::authenticity;
  const double aspect = static_cast<double>(page.rectified.width) / page.rectified.height;
  if (aspect < 1.2 || aspect > 1.8) {
    out.push_back(unchecked(id, kind, "The picture shows more than the card, or not all of it"));
    return;
  }
  Places found = places(r, page.side, r.variant);
  // A PAN card of the new design whose labels were not read is taken for an old one, which has none.
  if (r.type == Type::pan && r.variant == "old") {
    if (const Places as = places(r, page.side, "new"); as.excess() < found.excess()) found = as;
  }
  if (found.asked < 2 && !found.number) {
    out.push_back(unchecked(id, kind, "Too few printed values were located"));
    return;
  }
  const Field* misplaced = found.misplaced;
  auto f = trace(id, found.excess(), "The values stand where the type prints them", "Values stand where the type does not print them",
                 "Knows the order and sizes of values, not seals, patterns or the exact typeface");
  if (f.outcome == Outcome::failed && misplaced != nullptr) {
    f.place = imaging::apply(imaging::homography(imaging::quad_of({0, 0, page.rectified.width, page.rectified.height}), page.outline),
                             imaging::quad_of(misplaced->box));
  }
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
