#include <algorithm>
#include <cctype>

#include "engines/document/aadhaar.h"
#include "engines/document/local_name.h"
#include "engines/document/rules.h"
#include "engines/document/types/type.h"

namespace authx::document {
namespace {

using namespace std::string_view_literals;

double score(const Page& page) {
  double s = 0;
  for (const auto& row : page.rows) {
    const std::string t = row.text();
    if (has_like(t, "Unique Identification Authority")) s += 0.8;
    if (has_like(t, "Government of India")) s += 0.4;
    if (has_like(t, "DOB") || has_like(t, "Year of Birth")) s += 0.15;
    if (has_like(t, "uidai") || has_like(t, "aadhaar")) s += 0.4;
    if (has_like(t, "Enrolment No")) s += 0.3;
    if (t.find("VID") != std::string::npos) s += 0.3;
  }
  const bool printed = s > 0;
  double number = 0;
  for (const auto& n : page.numbers) {
    if (n.digits.size() != 12 || n.other) continue;
    // Of a bank's references one in ten has a right check digit, but none stands in fours.
    const bool in_fours = n.sizes == std::vector<int>{4, 4, 4};
    number = std::max(number, n.masked() ? 0.5 : !n.valid() ? 0.1 : printed || in_fours ? 0.6 : 0.4);
  }
  return std::min(1.0, s + number);
}

bool says(const Page& page, std::string_view phrase) {
  return std::ranges::any_of(page.rows, [&](const Row& row) { return has_like(row.text(), phrase); });
}

bool shows_person(const Page& page) { return says(page, "DOB") || says(page, "Year of Birth") || find_gender(page.rows).has_value(); }

bool is_back(const Page& page) { return (says(page, "Unique Identification Authority") || says(page, "Address:")) && !shows_person(page); }

/// "masked", "e_aadhaar", "letter" (both strips on a sheet), "back", "front_new" (prints a VID or the date of issue), "front".
std::string variant_of(const Page& page, const GroupedNumber* number) {
  if (number != nullptr && number->masked()) return "masked";
  const bool back = says(page, "Unique Identification Authority") || says(page, "Address:");
  if (says(page, "Digitally signed by") || says(page, "Signature Not Verified") || says(page, "Signature valid")) return "e_aadhaar";
  if (says(page, "Enrolment No") || says(page, "Your Aadhaar No") || (back && shows_person(page))) return "letter";
  if (back) return "back";
  const bool vid = std::ranges::any_of(page.numbers, [](const GroupedNumber& n) { return n.digits.size() == 16; });
  return vid || says(page, "Issue Date") || says(page, "Download Date") || says(page, "Details as on") ? "front_new" : "front";
}

/// What stands beside `box` on a row, up to gaps wider than between words: a letter and an e-Aadhaar have the address beside the person.
Row column_of(const Row& row, const imaging::Box& box) {
  Row out;
  for (const auto& w : row.words) {
    if (!out.words.empty() && w.box.x - (out.box.x + out.box.width) > 5 * row.box.height / 2) {
      if (out.box.x + out.box.width > box.x) break;
      out = {};
    }
    out.words.push_back(w);
    out.box = join(out.box, w.box);
  }
  const bool beside = out.box.x < box.x + box.width && out.box.x + out.box.width > box.x;
  return beside ? out : Row{};
}

/// Where the date of birth or what else follows the name stands.
struct Below {
  std::size_t row = 0;
  imaging::Box box;
};

void extract_name(const Page& page, const Extraction& out, const std::optional<Below>& below) {
  if (!below) return;
  const imaging::Box beside = join(below->box, column_of(page.rows[below->row], below->box).box);
  for (std::size_t r = below->row; r-- > 0;) {
    const Row row = column_of(page.rows[r], beside);
    if (row.words.empty()) continue;
    const std::string text = row.text();
    if (has_like(text, "Government of India") || has_like(text, "Issue Date") || has_like(text, "Download Date")) continue;
    // Words of another script come out with low confidence; a name's words are sure.
    std::string latin;
    imaging::Box box;
    double sum = 0;
    int n = 0;
    for (const auto& w : row.words) {
      const std::string c = clean_name(w.text.size() < 3 ? w.text + ".." : w.text);
      if (w.confidence < 0.5 || c.empty() || (std::islower(static_cast<unsigned char>(w.text[0])) != 0 && w.text[0] != 'l')) continue;
      latin += (latin.empty() ? "" : " ") + w.text;
      box = join(box, w.box);
      sum += w.confidence;
      ++n;
    }
    const std::string name = clean_name(latin);
    if (name.empty() || sum / n < 0.6) continue;
    if (row.box.y + 6 * std::max(20, row.box.height) < page.rows[below->row].box.y) break;
    if (auto local = read_local_name(page, name, box, out.deadline)) {
      if (sounds_alike(local->normalised, name) >= 0.6)
        out.passed("local_name_agrees", "The name in the regional script sounds like the Latin one");
      out.add(std::move(*local));
    }
    out.add(printed_field("name", {name, box, sum / n}));
    return;
  }
}

/// "S/O:", "D/O", "W/O", "C/O": before the name of a relative.
bool is_relation(std::string_view word) {
  return word.size() >= 3 && "SDWC"sv.contains(word[0]) && word[1] == '/' && (word[2] == 'O' || word[2] == '0');
}

void extract_address(const Page& page, const Extraction& out) {
  for (std::size_t r = 0; r < page.rows.size(); ++r) {
    const Row& row = page.rows[r];
    // The label may come out in pieces: look at the row as a whole, then find the word where it ends.
    const Match label = find_like(row.text(), "Address");
    if (!label.found) continue;
    std::size_t at = 0;
    for (std::size_t length = row.words[0].text.size(); length < label.end && at + 1 < row.words.size();)
      length += 1 + row.words[++at].text.size();
    const int left = row.words[0].box.x - row.box.height * 2;
    int right = 0;
    int last_bottom = row.box.y + row.box.height;
    std::string text;
    imaging::Box box;
    double sum = 0;
    int n = 0;
    const auto take = [&](const Word& w) {
      const auto letters = std::ranges::count_if(w.text, [](unsigned char c) { return std::isalnum(c) != 0; });
      if (letters == 0 ? w.text != "-" : w.confidence < (letters <= 2 && !is_relation(w.text) ? 0.6 : 0.3)) return;
      text += (text.empty() ? "" : " ") + mend_prose(w.text);
      box = join(box, w.box);
      sum += w.confidence;
      ++n;
    };
    for (std::size_t w = at + 1; w < row.words.size(); ++w) take(row.words[w]);
    for (std::size_t k = r + 1; k < page.rows.size(); ++k) {
      const Row& next = page.rows[k];
      if (next.box.y - last_bottom > 2 * std::max(18, row.box.height)) break;
      int gap_end = 0;
      bool any = false;
      for (const auto& w : next.words) {
        if (w.box.x < left) continue;
        // The QR code to the right yields noise: stop at a wide gap.
        if (any && w.box.x - gap_end > 3 * std::max(18, w.box.height)) break;
        if (right > 0 && !any && w.box.x > right) break;
        take(w);
        any = true;
        gap_end = w.box.x + w.box.width;
        right = std::max(right, gap_end);
      }
      if (any) last_bottom = next.box.y + next.box.height;
      if (any && n > 0 && text.size() > 6) {
        std::string tail = text.substr(text.size() - 6);
        if (pincode_valid(tail)) break;
      }
    }
    if (n == 0) return;
    const Field f = printed_field("address", {text, box, sum / n});
    out.add(f);
    for (std::size_t i = 0; i + 6 <= text.size(); ++i) {
      const bool before = i == 0 || std::isdigit(static_cast<unsigned char>(text[i - 1])) == 0;
      const bool after = i + 6 == text.size() || std::isdigit(static_cast<unsigned char>(text[i + 6])) == 0;
      if (before && after && pincode_valid(std::string_view{text}.substr(i, 6))) {
        Field pin;
        pin.name = "pincode";
        pin.value = pin.normalised = text.substr(i, 6);
        pin.confidence = f.confidence;
        out.add(std::move(pin));
        break;
      }
    }
    return;
  }
}

void extract(const Page& page, const Extraction& out) {
  const GroupedNumber* best = nullptr;
  for (const auto& n : page.numbers) {
    if (n.digits.size() == 12 && (best == nullptr || (n.valid() && !best->valid()))) best = &n;
    if (n.digits.size() == 16 && !n.masked()) {
      Field f;
      f.name = "vid";
      f.value = f.normalised = mask_aadhaar(n.digits);
      f.confidence = n.confidence;
      f.box = n.box();
      f.valid = n.valid();
      if (!f.valid) f.reason = "The check digit is wrong";
      out.add(std::move(f));
    }
  }
  if (out.reading.variant.empty()) out.reading.variant = variant_of(page, best);
  if (best != nullptr) {
    const bool masked = best->masked();
    Field f;
    f.name = "document_number";
    f.value = f.normalised = mask_aadhaar(best->digits);
    f.confidence = best->confidence;
    f.box = best->box();
    if (masked) {
      f.reason = "Only the last four digits are printed";
      out.reading.findings.push_back({"number_checksum", Outcome::not_checked, "The number is masked on the card"});
    } else if (aadhaar_valid(best->digits)) {
      out.passed("number_checksum", "The Aadhaar number satisfies its check digit");
      out.reading.document_number = SecretText{best->digits};
    } else {
      f.valid = false;
      f.reason = "The check digit is wrong";
      out.failed("number_checksum", "The Aadhaar number does not satisfy its check digit");
    }
    out.reading.display_number = f.value;
    out.add(std::move(f));
  }

  std::optional<Below> anchor;
  static constexpr std::string_view kBirth[] = {"DOB", "Date of Birth"};
  if (const auto d = date_of_label(page.rows, kBirth)) {
    out.add(date_field("dob", *d));
    anchor = Below{d->row, d->box};
  } else {
    static constexpr std::string_view kYear[] = {"Year of Birth"};
    if (const auto y = value_of(page.rows, kYear)) {
      Field f;
      f.name = "year_of_birth";
      for (const char c : y->value) {
        if (c >= '0' && c <= '9' && f.value.size() < 4) f.value += c;
      }
      f.normalised = f.value;
      f.confidence = y->confidence;
      f.box = y->box;
      if (f.value.size() == 4) out.add(std::move(f));
      for (std::size_t r = 0; r < page.rows.size(); ++r) {
        if (has_like(page.rows[r].text(), "Year of Birth")) anchor = Below{r, y->box};
      }
    } else {
      for (const auto& d2 : find_dates(page.rows)) {
        const std::string text = page.rows[d2.row].text();
        if (has_like(text, "Issue") || has_like(text, "Download") || has_like(text, "Details")) continue;
        out.add(date_field("dob", d2));
        anchor = Below{d2.row, d2.box};
        break;
      }
    }
  }
  const auto gender = find_gender(page.rows);
  if (gender) {
    out.add(printed_field("gender", *gender));
    if (!anchor) {
      for (std::size_t r = 0; r < page.rows.size(); ++r) {
        if (page.rows[r].box.y <= gender->box.y && page.rows[r].box.y + page.rows[r].box.height >= gender->box.y)
          anchor = Below{r, gender->box};
      }
    }
  }
  extract_name(page, out, anchor);
  extract_address(page, out);
}

constexpr std::string_view kRequired[] = {"document_number", "name", "dob", "gender"};

}  // namespace

extern const TypeReader kAadhaar;
const TypeReader kAadhaar{Type::aadhaar, &score, &extract, kRequired, &is_back};

}  // namespace authx::document
