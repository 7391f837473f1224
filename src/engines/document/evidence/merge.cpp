#include "engines/document/evidence/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "engines/document/aadhaar.h"
#include "engines/document/rules.h"

namespace authx::document {
namespace {

constexpr double kSureOcr = 0.8;       ///< confidence of a printed field above which a difference is not blamed on OCR
constexpr double kSameName = 0.85;     ///< similarity of two names, 0..1
constexpr double kFilledIn = 0.5;      ///< confidence of a claim that nobody signed
constexpr double kDisagreement = 0.6;  ///< what a difference leaves of the reading's confidence

constexpr std::array<std::string_view, 8> kCompared{"name",    "dob",         "year_of_birth", "gender",
                                                    "pincode", "expiry_date", "nationality",   "document_number"};

std::string prefix_of(EvidenceKind kind) {
  const Source s = source_of(kind);
  return std::string{s == Source::pdf417 ? "pdf417" : s == Source::chip ? "chip" : s == Source::file ? "file" : "qr"};
}

std::string_view carrier_of(EvidenceKind kind) {
  const Source s = source_of(kind);
  return s == Source::pdf417 ? "barcode" : s == Source::chip ? "chip" : s == Source::file ? "file" : "QR code";
}

Type type_of(const Evidence& e, Type read) {
  switch (e.kind) {
    case EvidenceKind::secure_qr:
    case EvidenceKind::legacy_qr:
    case EvidenceKind::offline_ekyc: return Type::aadhaar;
    case EvidenceKind::pan_qr: return Type::pan;
    case EvidenceKind::plain_qr:
      return e.format == "pan"               ? Type::pan
             : e.format == "driving_license" ? Type::driving_license
             : e.format == "voter_id"        ? Type::voter_id
                                             : Type::unknown;
    case EvidenceKind::aamva: return Type::aamva_license;
    case EvidenceKind::icao_chip: return read == Type::mrz_card ? Type::mrz_card : Type::passport;
    case EvidenceKind::pdf_signature: {
      const Field* number = e.find("document_number");
      if (number == nullptr) return Type::unknown;
      return check_pan(number->normalised).valid ? Type::pan : Type::aadhaar;
    }
  }
  return Type::unknown;
}

/// 1 - Levenshtein distance over the longer length, words in any order.
double name_similarity(std::string_view a, std::string_view b) {
  const auto sorted = [](std::string_view name) {
    std::vector<std::string> words(1);
    for (const char c : fold_name(name)) {
      if (c == ' ') {
        words.emplace_back();
      } else {
        words.back() += c;
      }
    }
    std::ranges::sort(words);
    std::string out;
    for (const auto& w : words) out += w;
    return out;
  };
  const std::string x = sorted(a).substr(0, 200);
  const std::string y = sorted(b).substr(0, 200);
  if (x.empty() || y.empty()) return 0;
  std::vector<std::size_t> row(y.size() + 1);
  for (std::size_t j = 0; j <= y.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= x.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= y.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (x[i - 1] == y[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return 1 - static_cast<double>(row[y.size()]) / static_cast<double>(std::max(x.size(), y.size()));
}

/// How alike two values of one name are, 0..1.
double similarity(std::string_view name, const Field& a, const Field& b) {
  if (name == "name") return name_similarity(a.normalised, b.normalised);
  if (name == "document_number" && (a.normalised.starts_with("XXXX") || b.normalised.starts_with("XXXX"))) {
    const auto last4 = [](const std::string& s) { return s.size() < 4 ? s : s.substr(s.size() - 4); };
    return last4(a.normalised) == last4(b.normalised) ? 1 : 0;
  }
  return a.normalised == b.normalised ? 1 : 0;
}

/// What was read under the claim's name; a printed year answers for a claimed date and the reverse.
std::optional<Field> read_counterpart(const Reading& r, const Field& claim, Field& as_compared) {
  as_compared = claim;
  const auto read = [&](std::string_view name) -> const Field* {
    const auto it = std::ranges::find_if(r.fields, [&](const Field& f) {
      return f.name == name && (f.source == Source::printed || f.source == Source::mrz) && !f.normalised.empty();
    });
    return it == r.fields.end() ? nullptr : &*it;
  };
  if (const Field* f = read(claim.name)) return *f;
  const bool date = claim.name == "dob";
  if (!date && claim.name != "year_of_birth") return std::nullopt;
  const Field* other = read(date ? "year_of_birth" : "dob");
  if (other == nullptr) return std::nullopt;
  Field f = *other;
  f.normalised = f.normalised.substr(0, 4);
  as_compared.normalised = as_compared.normalised.substr(0, 4);
  return f;
}

std::string words(std::string_view id) {
  std::string out = id == "dob" ? "date of birth" : std::string{id};
  std::ranges::replace(out, '_', ' ');
  return out;
}

/// Compares every claim; true when none differs.
bool compare(const Evidence& e, Reading& r) {
  bool agrees = true;
  for (const auto& claim : e.claims) {
    if (claim.normalised.empty() || std::ranges::find(kCompared, claim.name) == kCompared.end()) continue;
    Field mine;
    const auto read = read_counterpart(r, claim, mine);
    if (!read) continue;
    Finding f;
    f.id = prefix_of(e.kind) + "_agrees_" + claim.name;
    const double alike = similarity(claim.name, mine, *read);
    const bool same = alike >= (claim.name == "name" ? kSameName : 1);
    f.outcome = same ? Outcome::passed : Outcome::failed;
    f.explanation = fmt::format("The {} in the {} {} what is printed", words(claim.name), carrier_of(e.kind), same ? "is" : "is not");
    f.kind = CheckKind::consistency;
    f.weight = e.verified() && read->valid && read->confidence >= kSureOcr ? Weight::refuse : Weight::review;
    f.score = alike;
    f.side = read->side;
    agrees = agrees && same;
    r.findings.push_back(std::move(f));
  }
  return agrees;
}

void add_signature_finding(const Evidence& e, Reading& r) {
  const bool may_be_signed = e.kind != EvidenceKind::legacy_qr && e.kind != EvidenceKind::plain_qr && e.kind != EvidenceKind::aamva;
  if (!may_be_signed) return;
  Finding f;
  f.id = prefix_of(e.kind) + "_signature";
  f.kind = CheckKind::signature;
  f.side = e.side;
  f.place = e.place;
  const auto carrier = carrier_of(e.kind);
  switch (e.state) {
    case EvidenceState::verified:
      f.outcome = Outcome::passed;
      f.explanation = fmt::format("The {} is signed by its issuer and unaltered", carrier);
      break;
    case EvidenceState::signature_invalid:
      f.outcome = Outcome::failed;
      f.explanation = fmt::format("The signature of the {} is wrong", carrier);
      break;
    case EvidenceState::expired_key:
      f.outcome = Outcome::failed;
      f.weight = Weight::review;
      f.explanation = fmt::format("The {} was signed outside the validity of its issuer's key", carrier);
      break;
    case EvidenceState::unverified:
      f.weight = Weight::note;
      f.explanation = fmt::format("No configured key fits the signature of the {}", carrier);
      break;
    case EvidenceState::not_signed:
    case EvidenceState::unreadable:
      f.weight = Weight::note;
      f.explanation = fmt::format("The {} can't be read as signed data", carrier);
      break;
  }
  r.findings.push_back(std::move(f));
}

/// A code that shows a whole Aadhaar number must not be stored.
void add_secret(const Evidence& e, Reading& r) {
  if (!e.holds_secret || !e.place) return;
  imaging::Point centre;
  for (const auto& p : *e.place) centre = {centre.x + p.x / 4, centre.y + p.y / 4};
  imaging::Quad wider = *e.place;
  for (auto& p : wider) p = {centre.x + (p.x - centre.x) * 1.12, centre.y + (p.y - centre.y) * 1.12};
  for (auto& page : r.pages) {
    if (page.side != e.side) continue;
    page.secret_on_input.push_back(wider);
    const auto to_rectified = imaging::homography(page.outline, imaging::quad_of({0, 0, page.rectified.width, page.rectified.height}));
    page.secret_on_rectified.push_back(imaging::apply(to_rectified, wider));
  }
}

void insert_claims(const Evidence& e, Reading& r) {
  for (auto claim : e.claims) {
    claim.side = e.side;
    const auto same = std::ranges::find(r.fields, claim.name, &Field::name);
    if (e.verified()) {
      claim.confidence = 1;
      r.fields.insert(same, std::move(claim));
    } else if (same == r.fields.end()) {
      claim.confidence = kFilledIn;
      r.fields.push_back(std::move(claim));
    }
  }
}

void set_values(Reading& r) {
  const auto text = [&](std::string_view name) {
    const Field* f = r.find(name);
    return f == nullptr ? std::string{} : f->normalised;
  };
  r.name = text("name");
  r.gender = text("gender");
  r.address = text("address");
  r.dob = parse_date(text("dob"));
  r.issue_date = parse_date(text("issue_date"));
  r.expiry_date = parse_date(text("expiry_date"));
}

void take_number(const Evidence& e, Reading& r) {
  const Field* number = e.find("document_number");
  if (number == nullptr || number->normalised.empty()) return;
  const bool whole = !e.number.empty() && !number->normalised.empty();
  if (e.verified()) {
    r.display_number = number->normalised;
    if (whole) {
      r.document_number = e.number;
    } else if (!r.document_number.empty() &&
               !r.document_number.expose().ends_with(number->normalised.substr(number->normalised.size() - 4))) {
      r.document_number = {};  // the print contradicts the signed digits
    }
  } else if (r.document_number.empty() && r.display_number.empty()) {
    r.display_number = number->normalised;
    if (whole) r.document_number = e.number;
  }
}

int rank(const Evidence& e) {
  const Source s = source_of(e.kind);
  return s == Source::chip ? 3 : s == Source::file ? 2 : 1;
}

}  // namespace

void merge_evidence(const std::vector<Evidence>& evidence, Reading& reading) {
  // Verified evidence first: it may name the type, and what it says is there when others are compared.
  std::vector<Evidence> ordered;
  for (const bool verified : {true, false}) {
    for (const auto& e : evidence) {
      if (e.verified() == verified) ordered.push_back(e);
    }
  }
  if (reading.mrz && reading.mrz->valid) reading.assurance = std::max(reading.assurance, Assurance::internally_consistent);
  int best_portrait = 0;
  for (const auto& e : ordered) {
    add_secret(e, reading);
    add_signature_finding(e, reading);
    const Type type = type_of(e, reading.type);
    const bool usable = e.state != EvidenceState::unreadable && e.state != EvidenceState::signature_invalid;
    if (usable && type != Type::unknown && reading.type == Type::unknown) {
      reading.type = type;
      reading.type_confidence = e.verified() ? 1 : kFilledIn;
      std::erase_if(reading.findings, [](const Finding& f) { return f.id == "type_known"; });
    }
    const bool fits = type == Type::unknown || reading.type == Type::unknown || type == reading.type;
    if (!fits && e.state != EvidenceState::unreadable) {
      Finding f;
      f.id = prefix_of(e.kind) + "_fits_document";
      f.outcome = Outcome::failed;
      f.explanation = fmt::format("The {} belongs to another kind of document", carrier_of(e.kind));
      f.kind = CheckKind::consistency;
      f.weight = Weight::review;
      f.side = e.side;
      f.place = e.place;
      reading.findings.push_back(std::move(f));
    }
    if (!usable || !fits) continue;
    const bool agrees = compare(e, reading);
    if (!agrees) reading.confidence *= kDisagreement;
    insert_claims(e, reading);
    take_number(e, reading);
    if (!e.verified()) continue;
    const bool complete = e.find("name") != nullptr && e.find("document_number") != nullptr &&
                          (e.find("dob") != nullptr || e.find("year_of_birth") != nullptr);
    if (complete && agrees) {
      reading.assurance = Assurance::cryptographically_verified;
      reading.confidence = 1;
    }
    if (e.portrait && rank(e) > best_portrait) {
      best_portrait = rank(e);
      reading.signed_portrait = e.portrait;
    }
  }
  set_values(reading);
  for (auto& e : ordered) reading.evidence.push_back(std::move(e));
}

}  // namespace authx::document
