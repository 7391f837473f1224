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
    if (has_like(t, "INCOME TAX DEPARTMENT")) s += 0.7;
    if (has_like(t, "Permanent Account Number")) s += 0.7;
  }
  const auto n = find_pattern(page.rows, "LLLLLDDDDL");
  if (n && check_pan(n->value).valid) s += 0.35;
  return std::min(1.0, s);
}

bool is_heading(const std::string& t) {
  static constexpr std::string_view kHeadings[] = {
      "INCOME TAX DEPARTMENT", "GOVT OF INDIA", "Permanent Account", "SPECIMEN", "Signature", "Card"};
  return std::ranges::any_of(kHeadings, [&](std::string_view h) { return has_like(t, h); });
}

/// A row of capital words; the part that is one.
std::optional<Labelled> capitals(const Row& row) {
  Labelled out;
  double sum = 0;
  int n = 0;
  for (const auto& w : row.words) {
    std::string word;
    // A faint word within a name is better read unsurely than left out.
    bool fits = w.confidence >= (w.text.size() >= 3 ? 0.15 : 0.35);
    int capital = 0;
    int other = 0;
    for (const char c : w.text) {
      if (std::isupper(static_cast<unsigned char>(c)) != 0) ++capital;
      if (std::islower(static_cast<unsigned char>(c)) != 0 || std::isdigit(static_cast<unsigned char>(c)) != 0) ++other;
      if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '\'') {
        word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      } else if (c == '0' || c == '1' || c == '5' || c == '8') {
        word += c == '0' ? 'O' : c == '1' ? 'I' : c == '5' ? 'S' : 'B';
      }
    }
    // One letter in three may have come out small or as a digit.
    fits = fits && 2 * other <= capital;
    if (!fits || word.empty()) {
      if (n > 0) break;
      continue;
    }
    if (n > 0 && w.box.x - (out.box.x + out.box.width) > 3 * w.box.height) break;
    out.value += (n > 0 ? " " : "") + word;
    out.box = join(out.box, w.box);
    sum += w.confidence;
    ++n;
  }
  if (n == 0 || out.value.size() < 3) return std::nullopt;
  out.confidence = sum / n;
  return out;
}

/// The capitals on one of the rows below a label.
std::optional<Labelled> below(const std::vector<Row>& rows, std::size_t label_row) {
  for (std::size_t r = label_row + 1; r < rows.size() && r <= label_row + 2; ++r) {
    if (rows[r].box.y > rows[label_row].box.y + 5 * std::max(16, rows[label_row].box.height)) break;
    const std::string t = rows[r].text();
    if (is_heading(t) || has_like(t, "Date of Birth")) break;
    if (auto c = capitals(rows[r])) return c;
  }
  return std::nullopt;
}

void extract(const Page& page, const Extraction& out) {
  if (const auto n = find_pattern(page.rows, "LLLLLDDDDL")) add_number(out, *n, check_pan(n->value), "The PAN has a valid structure");

  std::optional<std::size_t> name_label;
  std::optional<std::size_t> father_label;
  for (std::size_t r = 0; r < page.rows.size(); ++r) {
    const std::string t = page.rows[r].text();
    if (has_like(t, "Father's Name")) {
      if (!father_label) father_label = r;
    } else if (!name_label && !has_like(t, "Number") && !is_heading(t)) {
      for (const auto& w : page.rows[r].words) {
        std::string letters;
        for (const char c : w.text) {
          if (std::isalpha(static_cast<unsigned char>(c)) != 0) letters += c;
        }
        if (letters == "Name" || letters == "Narne") name_label = r;
      }
    }
  }
  static constexpr std::string_view kBirth[] = {"Date of Birth"};
  auto dob = date_of_label(page.rows, kBirth);
  if (!dob) {
    if (const auto dates = find_dates(page.rows); !dates.empty()) dob = dates.front();
  }
  if (dob) out.add(date_field("dob", *dob));

  if (name_label || father_label) {
    out.reading.variant = "new";
    std::optional<Labelled> name = name_label ? below(page.rows, *name_label) : std::nullopt;
    if (!name && father_label) {
      // The label itself was lost: the name stands just above the father's label.
      for (std::size_t r = *father_label; r-- > 0 && !name;) {
        if (is_heading(page.rows[r].text())) break;
        name = capitals(page.rows[r]);
      }
    }
    if (name) add_name(out, "name", *name);
    if (father_label) {
      if (const auto f = below(page.rows, *father_label)) add_name(out, "father_name", *f);
    }
  } else if (dob) {
    // The layout of before 2018 prints name, father's name and date of birth without labels.
    out.reading.variant = "old";
    std::vector<Labelled> lines;
    for (std::size_t r = 0; r < dob->row; ++r) {
      const std::string t = page.rows[r].text();
      if (has_like(t, "INCOME TAX DEPARTMENT") || has_like(t, "GOVT OF INDIA")) {
        lines.clear();
        continue;
      }
      if (is_heading(t)) continue;
      if (auto c = capitals(page.rows[r]); c && c->confidence > 0.5) lines.push_back(*c);
    }
    if (!lines.empty()) add_name(out, "name", lines.front());
    if (lines.size() > 1) add_name(out, "father_name", lines[1]);
  }

  for (const auto& row : page.rows) {
    const std::string t = row.text();
    const bool named = std::ranges::any_of(row.words, [](const Word& w) { return w.text == "e-PAN" || w.text == "ePAN"; });
    if (named || has_like(t, "electronically issued")) out.reading.variant = "e_pan";
  }

  const Field* number = out.reading.find("document_number");
  const Field* name = out.reading.find("name");
  if (number != nullptr && name != nullptr && number->valid && number->value[3] == 'P') {
    if (pan_fits_name(number->value, name->value)) {
      out.passed("number_fits_name", "The PAN's fifth letter is an initial of the name");
    } else {
      out.reading.findings.push_back(
          {"number_fits_name", Outcome::not_checked, "The PAN's fifth letter is no initial of the name, as after a change of name"});
    }
  }
}

constexpr std::string_view kRequired[] = {"document_number", "name", "dob"};

}  // namespace

extern const TypeReader kPan;
const TypeReader kPan{Type::pan, &score, &extract, kRequired};

}  // namespace authx::document
