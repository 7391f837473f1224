// The same thing said in two places: print, machine-readable zone, codes, chip, signed file.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/same.h"

namespace authx::document::authenticity {

void check_agreement(Scene& scene, std::vector<Finding>& out);

namespace {

struct Statement {
  Source source = Source::printed;
  const Field* field = nullptr;
  bool proven = false;  ///< check digits or a signature stand behind it
};

struct Asked {
  std::string_view field;
  std::string_view id;
  std::string_view said;
  bool (*same)(std::string_view, std::string_view);
};

constexpr Asked kAsked[] = {
    {"document_number", "number_agrees", "document number", &same_number},
    {"name", "name_agrees", "name", &same_name},
    {"surname", "surname_agrees", "surname", &same_name},
    {"given_names", "given_names_agree", "given names", &same_name},
    {"dob", "birth_agrees", "date of birth", &same_text},
    {"expiry_date", "expiry_agrees", "date of expiry", &same_text},
    {"gender", "gender_agrees", "sex", &same_gender},
};

std::string_view place_name(Source s) {
  switch (s) {
    case Source::printed: return "the print";
    case Source::mrz: return "the machine-readable zone";
    case Source::qr: return "the QR code";
    case Source::pdf417: return "the barcode";
    case Source::chip: return "the chip";
    case Source::file: return "the signed file";
  }
  return "the print";
}

/// One statement a source: the best reading.
std::vector<Statement> statements(const Reading& r, std::string_view name) {
  std::map<Source, Statement> found;
  for (const auto& f : r.fields) {
    if (f.name != name || f.normalised.empty() || !f.valid) continue;
    auto& s = found[f.source];
    if (s.field != nullptr && s.field->confidence >= f.confidence) continue;
    s = {f.source, &f, f.source == Source::mrz && r.mrz && r.mrz->valid && !r.mrz->corrected && name != "name" && name != "gender"};
  }
  for (const auto& e : r.evidence) {
    if (e.state == EvidenceState::unreadable) continue;
    const Field* f = e.find(name);
    if (f == nullptr || f->normalised.empty()) continue;
    auto& s = found[f->source];
    if (s.field == nullptr || (e.state == EvidenceState::verified && !s.proven)) s = {f->source, f, e.state == EvidenceState::verified};
  }
  std::vector<Statement> all;
  all.reserve(found.size());
  for (const auto& [source, s] : found) all.push_back(s);
  return all;
}

}  // namespace

void check_agreement(Scene& scene, std::vector<Finding>& out) {
  for (const auto& asked : kAsked) {
    const auto all = statements(*scene.in.reading, asked.field);
    const std::string id{asked.id};
    if (all.size() < 2) {
      if (asked.field != "surname" && asked.field != "given_names")
        out.push_back(unchecked(id, CheckKind::consistency, fmt::format("The {} was read in fewer than two places", asked.said)));
      continue;
    }
    const Statement* one = nullptr;
    const Statement* other = nullptr;
    bool contradiction = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t k = i + 1; k < all.size(); ++k) {
        if (asked.same(all[i].field->normalised, all[k].field->normalised)) continue;
        const bool both = all[i].proven && all[k].proven;
        if (one == nullptr || both) {
          one = &all[i];
          other = &all[k];
        }
        contradiction = contradiction || both;
      }
    }
    if (one == nullptr) {
      out.push_back(judged(id, CheckKind::consistency, true, fmt::format("The {} is the same in {} places", asked.said, all.size()), {},
                           Weight::review));
      continue;
    }
    // Print is read by OCR, which errs; two proven sources that differ cannot both belong to one document.
    auto f = judged(id, CheckKind::consistency, false, {},
                    fmt::format("The {} in {} differs from {}", asked.said, place_name(one->source), place_name(other->source)),
                    contradiction ? Weight::refuse : Weight::review);
    const double sure = std::min(one->field->confidence, other->field->confidence);
    f.score = std::clamp(1 - sure, 0.0, 1.0);
    f.limits = "A value that was misread also differs";
    const Statement& printed = one->source == Source::printed ? *one : *other;
    if (printed.source == Source::printed && !printed.field->box.empty() && printed.field->side == scene.in.page->side) {
      const auto& rectified = scene.in.page->rectified;
      f.place = imaging::apply(imaging::homography(imaging::quad_of({0, 0, rectified.width, rectified.height}), scene.in.page->outline),
                               imaging::quad_of(printed.field->box));
    }
    out.push_back(std::move(f));
  }
}

}  // namespace authx::document::authenticity
