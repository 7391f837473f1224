#include <algorithm>
#include <array>
#include <iterator>

#include "engines/document/rules.h"
#include "engines/document/types/type.h"

namespace authx::document {
namespace {

constexpr double kSurePrint = 0.8;  ///< of a printed value whose difference from the zone's is to count

bool is_passport(const Page& page) { return page.mrz && page.mrz->format == MrzFormat::td3; }

double score_passport(const Page& page) {
  if (is_passport(page)) return 1;
  if (page.mrz) return 0;
  // Each mark counts once, however often it is printed.
  struct Mark {
    std::array<std::string_view, 4> words;
    double weight;
  };
  static constexpr Mark kMarks[] = {{{"PASSPORT", "PASSEPORT", "REISEPASS", "PASAPORTE"}, 0.4},
                                    {{"REPUBLIC OF INDIA", "", "", ""}, 0.4},
                                    {{"Given Name", "Place of Issue", "Country Code", "Prenoms"}, 0.2},
                                    {{"Surname", "Nom", "Apellidos", ""}, 0.1},
                                    {{"Date of expiry", "Date of issue", "Nationality", "Nationalite"}, 0.1},
                                    {{"Name of Father / Legal Guardian", "Old Passport No", "", ""}, 0.4},
                                    {{"Name of Mother", "Name of Spouse", "", ""}, 0.2}};
  double s = 0;
  for (const auto& mark : kMarks) {
    const bool seen = std::ranges::any_of(page.rows, [&](const Row& row) {
      const std::string t = row.text();
      return std::ranges::any_of(mark.words, [&](std::string_view w) { return !w.empty() && has_like(t, w); });
    });
    if (seen) s += mark.weight;
  }
  return std::min(0.9, s);
}

/// The last page of an Indian passport, which has no zone.
bool is_last_page(const Page& page) {
  return !page.mrz && std::ranges::any_of(page.rows, [](const Row& row) {
    const std::string t = row.text();
    return has_like(t, "Legal Guardian") || has_like(t, "Name of Spouse") || has_like(t, "Old Passport No");
  });
}

double score_card(const Page& page) { return page.mrz && !is_passport(page) ? 1 : 0; }

std::string readable(std::string_view check) {
  if (check == "document_number") return "document number";
  if (check == "birth") return "date of birth";
  if (check == "expiry") return "date of expiry";
  if (check == "optional") return "optional data";
  return "whole zone";
}

void from_zone(const Page& page, const Extraction& out) {
  const Mrz& m = *page.mrz;
  MrzReading reading;
  reading.format = to_string(m.format);
  reading.lines = m.lines;
  reading.valid = m.valid();
  reading.corrected = page.mrz_corrected;
  reading.confidence = page.mrz_confidence;
  reading.doubts = m.doubts;
  out.reading.mrz = reading;
  out.reading.variant = reading.format;
  for (const auto& c : m.checks) {
    const std::string id = "mrz_" + c.id;
    if (c.passed) {
      out.passed(id, "The check digit of the " + readable(c.id) + " is right");
    } else {
      out.failed(id, "The check digit of the " + readable(c.id) + " is wrong");
    }
  }
  if (m.doubts.empty()) {
    out.passed("mrz_certain", "Every character of the machine-readable zone was read clearly");
  } else {
    out.failed("mrz_certain", "Characters of the machine-readable zone are not clear enough to be sure");
    out.reading.findings.back().weight = Weight::review;  // an unclear picture is no fault of the document
  }
  const auto add = [&](std::string name, std::string value, std::string normalised, std::string_view check) {
    if (value.empty()) return;
    Field f;
    f.name = std::move(name);
    f.value = std::move(value);
    f.normalised = std::move(normalised);
    f.source = Source::mrz;
    f.confidence = page.mrz_confidence;
    if (const auto* c = m.check(check); c != nullptr && !c->passed) {
      f.valid = false;
      f.reason = "The check digit is wrong";
      f.confidence *= 0.5;
    }
    out.add(std::move(f));
  };
  const std::string name = m.given_names.empty() ? m.surname : m.surname.empty() ? m.given_names : m.given_names + " " + m.surname;
  add("document_number", m.document_number, m.document_number, "document_number");
  add("name", name, name, "");
  add("surname", m.surname, m.surname, "");
  add("given_names", m.given_names, m.given_names, "");
  if (m.birth) add("dob", m.birth_text, format_date(*m.birth), "birth");
  if (m.expiry) add("expiry_date", m.expiry_text, format_date(*m.expiry), "expiry");
  add("gender", std::string(1, m.sex), std::string(1, m.sex), "");
  add("nationality", m.nationality, m.nationality == "D" ? "DEU" : m.nationality, "");
  add("issuer", m.issuer, m.issuer == "D" ? "DEU" : m.issuer, "");
  out.reading.document_number = SecretText{m.document_number};
  out.reading.display_number = m.document_number;
  if (m.issuer_known) {
    out.passed("issuer_known", "The issuing state's code is assigned");
  } else {
    out.failed("issuer_known", "The issuing state's code is not assigned");
  }
}

bool of_the_zone(const Row& row) {
  return std::ranges::any_of(row.words, [](const Word& w) { return w.text.size() >= 18 || w.text.find('<') != std::string::npos; });
}

/// The number in print. A number of the zone's own shape says which number is meant, so one with letters in it; another shape is another
/// number, and a number of digits alone may be any.
std::optional<Labelled> printed_number(const std::vector<Row>& rows, std::string_view zone) {
  std::string shape;
  bool letters = false;
  for (const char c : zone) {
    const bool digit = c >= '0' && c <= '9';
    letters = letters || !digit;
    shape += digit ? 'D' : 'L';
  }
  if (!letters || shape.size() < 7 || shape.find('D') == std::string::npos) return std::nullopt;
  return find_pattern(rows, shape);
}

/// The capitals below a label of one word, beginning where it begins.
std::optional<Labelled> capitals_under(const std::vector<Row>& rows, std::string_view label) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto at =
        std::ranges::find_if(rows[r].words, [&](const Word& w) { return w.text.size() <= label.size() + 4 && has_like(w.text, label); });
    if (at == rows[r].words.end()) continue;
    const imaging::Box& over = at->box;
    for (std::size_t below = r + 1; below < rows.size() && below <= r + 2; ++below) {
      Labelled out;
      double sum = 0;
      int n = 0;
      for (const auto& w : rows[below].words) {
        if (w.box.y > over.y + 5 * over.height || w.box.x < over.x - 2 * over.height) continue;
        const bool capitals = std::ranges::all_of(w.text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '\''; });
        if (n == 0 ? w.box.x > over.x + 4 * over.height : w.box.x - (out.box.x + out.box.width) > 2 * w.box.height) break;
        if (!capitals) break;
        out.value += (n > 0 ? " " : "") + w.text;
        out.box = join(out.box, w.box);
        sum += w.confidence;
        ++n;
      }
      if (n == 0 || out.value.size() < 3) continue;
      out.confidence = sum / n;
      return out;
    }
  }
  return std::nullopt;
}

/// What the zone says must stand in print too.
void compare_print(const Page& page, const Extraction& out) {
  if (page.rows.empty()) return;
  const Mrz& m = *page.mrz;
  std::vector<Row> print;
  std::ranges::copy_if(page.rows, std::back_inserter(print), [](const Row& row) { return !of_the_zone(row); });
  // The printed values stand beside the zone's, to be compared; the zone's own come first while its check digits are right.
  const auto beside_zone = [&](Field f) {
    f.confidence = std::min(f.confidence, 0.99 * page.mrz_confidence);
    out.add(std::move(f));
  };
  bool seen = false;
  if (auto n = printed_number(print, m.document_number); n && n->confidence >= kSurePrint) {
    seen = n->value == m.document_number;
    beside_zone(printed_field("document_number", *n));
  } else {
    for (const auto& row : print) {
      const Match found = find_like(row.text(), m.document_number);
      seen = seen || (m.document_number.size() >= 5 && found.found && found.edits == 0);
    }
  }
  if (auto n = capitals_under(print, "Surname"); n && n->confidence >= kSurePrint && !m.name_truncated)
    beside_zone(printed_field("surname", *n));
  if (seen) {
    out.passed("print_number_agrees", "The printed document number agrees with the machine-readable zone");
  } else {
    out.reading.findings.push_back({"print_number_agrees", Outcome::not_checked, "The printed document number was not read"});
  }
  const auto dates = find_dates(page.rows);
  if (m.birth) {
    const bool match = std::ranges::any_of(dates, [&](const FoundDate& d) { return d.date == *m.birth; });
    if (match) out.passed("print_birth_agrees", "The printed date of birth agrees with the machine-readable zone");
  }
  const auto beside = [&](std::string name, std::span<const std::string_view> labels) {
    if (const auto d = date_of_label(page.rows, labels)) beside_zone(date_field(std::move(name), *d));
  };
  static constexpr std::string_view kBirth[] = {"Date of Birth"};
  static constexpr std::string_view kExpiry[] = {"Date of Expiry"};
  beside("dob", kBirth);
  beside("expiry_date", kExpiry);
  static constexpr std::string_view kIssue[] = {"Date of Issue", "Issue Date", "Date of issue"};
  if (const auto d = date_of_label(page.rows, kIssue); d && (!m.expiry || d->date < *m.expiry) && (!m.birth || d->date > *m.birth)) {
    out.add(date_field("issue_date", *d));
  }
}

void from_print(const Page& page, const Extraction& out) {
  if (const auto n = find_pattern(page.rows, "LDDDDDDD")) out.add(number_field(*n, check_indian_passport(n->value), out.reading));
  static constexpr std::string_view kBirth[] = {"Date of Birth"};
  static constexpr std::string_view kIssue[] = {"Date of Issue"};
  static constexpr std::string_view kExpiry[] = {"Date of Expiry"};
  if (const auto d = date_of_label(page.rows, kBirth)) out.add(date_field("dob", *d));
  if (const auto d = date_of_label(page.rows, kIssue)) out.add(date_field("issue_date", *d));
  if (const auto d = date_of_label(page.rows, kExpiry)) out.add(date_field("expiry_date", *d));
  if (!is_last_page(page)) out.failed("mrz_found", "A passport's data page must show its machine-readable zone");
  if (is_last_page(page) && out.reading.variant.empty()) out.reading.variant = "last_page";
}

void extract(const Page& page, const Extraction& out) {
  if (!page.mrz) {
    from_print(page, out);
    return;
  }
  out.passed("mrz_found", "The machine-readable zone was read");
  from_zone(page, out);
  compare_print(page, out);
}

constexpr std::string_view kRequired[] = {"document_number", "name", "dob", "expiry_date", "nationality"};
constexpr std::string_view kCardRequired[] = {"document_number", "name", "dob"};

}  // namespace

extern const TypeReader kPassport;
extern const TypeReader kMrzCard;
const TypeReader kPassport{Type::passport, &score_passport, &extract, kRequired, &is_last_page};
const TypeReader kMrzCard{Type::mrz_card, &score_card, &extract, kCardRequired};

}  // namespace authx::document
