#include "engines/specimen/specimen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "engines/document/aadhaar.h"
#include "engines/document/authenticity/offices.h"
#include "engines/document/mrz.h"
#include "engines/document/rules.h"
#include "engines/specimen/canvas.h"
#include "engines/specimen/counterfeit.h"
#include "engines/specimen/degrade.h"
#include "engines/specimen/people.h"
#include "engines/specimen/scripts.h"

namespace authx::specimen {
namespace {

constexpr int kCardWidth = 1012;  // ID-1 (85.60 x 53.98 mm) at 300 dots an inch
constexpr int kCardHeight = 638;
constexpr int kPageWidth = 1476;  // ID-3 (125 x 88 mm) at 300 dots an inch
constexpr int kPageHeight = 1039;
constexpr int kSheetWidth = 1080;  // A4 (210 x 297 mm) at 131 dots an inch
constexpr int kSheetHeight = 1527;

constexpr Color kInk{0.08, 0.08, 0.1};
constexpr Color kLabel{0.25, 0.28, 0.34};
constexpr std::string_view kHindi = "Noto Sans Devanagari";

std::string dmy(Date d, char between) {
  return fmt::format("{:02}{}{:02}{}{:04}", static_cast<unsigned>(d.day()), between, static_cast<unsigned>(d.month()), between,
                     static_cast<int>(d.year()));
}

std::string day_month_year(Date d) {
  constexpr std::string_view months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
  return fmt::format("{:02} {} {:04}", static_cast<unsigned>(d.day()), months[static_cast<unsigned>(d.month()) - 1],
                     static_cast<int>(d.year()));
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// What all layouts draw from.
struct Sheet {
  Canvas& canvas;
  Dice& dice;
  const Request& request;
  Truth& truth;
  const Person& person;
  std::string font;
  std::string bold;
  std::string local;  ///< font of the local name
};

/// Draws a value and records where its letters stand; returns the height of the line.
double put(Sheet& s, std::string_view field, double x, double y, std::string_view text, std::string_view font, double size) {
  const double height = s.canvas.text(x, y, text, font, size, kInk);
  // A line's logical box holds room for accents and descenders: capitals and digits fill the middle.
  s.truth.values.push_back({std::string{field},
                            std::string{text},
                            {static_cast<int>(x), static_cast<int>(y + 0.18 * height),
                             static_cast<int>(s.canvas.text_width(text, font, size)), static_cast<int>(0.66 * height)}});
  return height;
}

/// Fine lines and the word that keeps a specimen from passing for a document.
void draw_ground(Sheet& s, int width, int height, Color tint) {
  for (int i = 0; i < height / 26; ++i) {
    s.canvas.wave(i * 26.0 + 13, s.dice.range(5, 12), s.dice.range(160, 320), s.dice.range(0, 6), 1.1, {tint.r, tint.g, tint.b, 0.16});
  }
  s.canvas.rotated_text(width * 0.60, height * 0.56, -24, "SPECIMEN", s.bold, height * 0.17, {tint.r, tint.g, tint.b, 0.10});
}

void draw_mark(Sheet& s, double x, double y) { s.canvas.text(x, y, "SPECIMEN - NOT A DOCUMENT", s.font, 15, {0.75, 0.1, 0.1}); }

/// A neutral figure where no portrait is given.
void draw_portrait(Sheet& s, imaging::Box box) {
  if (s.request.portrait != nullptr && !s.request.portrait->empty()) {
    s.canvas.picture(box.x, box.y, box.width, box.height, *s.request.portrait);
  } else {
    const double w = box.width;
    const double h = box.height;
    imaging::Image scene;
    Canvas figure(box.width, box.height, {0.84, 0.87, 0.90});
    const Color skin{s.dice.range(0.45, 0.9), s.dice.range(0.35, 0.68), s.dice.range(0.28, 0.5)};
    const Color hair{0.12, 0.09, 0.08};
    figure.ellipse(w / 2, h * 1.08, w * 0.46, h * 0.34, {0.24, 0.3, 0.45});
    figure.rect(w * 0.41, h * 0.62, w * 0.18, h * 0.2, skin);
    figure.ellipse(w / 2, h * 0.40, w * 0.27, h * 0.29, hair);
    figure.ellipse(w / 2, h * 0.46, w * 0.22, h * 0.25, skin);
    for (const double side : {-1.0, 1.0}) {
      figure.ellipse(w / 2 + side * w * 0.09, h * 0.43, w * 0.045, h * 0.018, {1, 1, 1});
      figure.ellipse(w / 2 + side * w * 0.09, h * 0.43, w * 0.02, h * 0.018, {0.1, 0.08, 0.06});
      figure.rect(w / 2 + side * w * 0.09 - w * 0.05, h * 0.39, w * 0.1, h * 0.012, hair);
    }
    figure.ellipse(w / 2, h * 0.52, w * 0.025, h * 0.03, {skin.r * 0.85, skin.g * 0.85, skin.b * 0.85});
    figure.ellipse(w / 2, h * 0.60, w * 0.07, h * 0.014, {0.6, 0.25, 0.25});
    scene = figure.image();
    s.canvas.picture(box.x, box.y, box.width, box.height, scene);
  }
  s.canvas.frame(box.x, box.y, box.width, box.height, 1.5, {0.4, 0.4, 0.45});
  s.truth.portrait = box;
}

/// Label in small type, value below; returns the y of the next row.
double row(Sheet& s, double x, double y, std::string_view label, std::string_view field, std::string_view value, double size = 27) {
  y += s.canvas.text(x, y, label, s.font, size * 0.62, kLabel);
  y += put(s, field, x, y - 2, value, s.bold, size);
  return y + 6;
}

std::string grouped(std::string_view number) {
  std::string out;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (i != 0 && i % 4 == 0) out += ' ';
    out += number[i];
  }
  return out;
}

/// Digits in groups of four, centred on `middle`; notes the place of those that must not be stored.
void draw_grouped(Sheet& s, double middle, double y, const std::string& digits, double size, std::string_view before = {}) {
  const bool masked = s.request.masked && digits.size() == 12;
  const std::string shown = std::string{before} + (masked ? "XXXX XXXX " + digits.substr(8) : grouped(digits));
  const double x = middle - s.canvas.text_width(shown, s.bold, size) / 2;
  const double height = put(s, before.empty() ? "document_number" : "vid", x, y, shown, s.bold, size);
  if (masked) return;
  const double from = x + (before.empty() ? 0 : s.canvas.text_width(before, s.bold, size));
  const double width = s.canvas.text_width(grouped(digits.substr(0, digits.size() - 4)), s.bold, size);
  s.truth.secrets.push_back(
      {static_cast<int>(from), static_cast<int>(y + height * 0.2), static_cast<int>(width), static_cast<int>(height * 0.6)});
}

void draw_front(Sheet& s, bool pvc) {
  const auto& t = s.truth;
  draw_ground(s, kCardWidth, kCardHeight, {0.1, 0.45, 0.5});
  s.canvas.rect(0, 0, kCardWidth, 14, {0.10, 0.42, 0.48});
  s.canvas.rect(0, kCardHeight - 96, kCardWidth, 4, {0.72, 0.30, 0.18});
  s.canvas.ellipse(74, 72, 38, 38, {0.10, 0.42, 0.48, 0.25});
  s.canvas.text(150, 30, "भारत सरकार", std::string{kHindi} + " Bold", 32, kInk);
  s.canvas.text(150, 76, "Government of India", s.bold, 27, kInk);
  draw_mark(s, 730, 30);
  draw_portrait(s, {46, 140, 224, 280});
  double y = 142;
  const double x = 312;
  if (!t.name_local.empty()) y += s.canvas.text(x, y, t.name_local, s.local, 32, kInk) + 2;
  y += put(s, "name", x, y, t.name, s.font, 31) + 12;
  const std::string both = s.font + "," + std::string{kHindi};
  y += put(s, "dob", x, y, fmt::format("जन्म तिथि/DOB: {}", dmy(t.dob, '/')), both, 28) + 8;
  put(s, "gender", x, y, t.gender == "F" ? "महिला/ FEMALE" : "पुरुष/ MALE", both, 28);
  draw_grouped(s, kCardWidth / 2.0, pvc ? 432 : 452, t.number, pvc ? 46 : 50);
  if (pvc) {
    draw_grouped(s, kCardWidth / 2.0, 490, t.vid, 26, "VID : ");
    s.canvas.rotated_text(24, 280, -90, "Issue Date: " + dmy(*t.issue_date, '/'), s.font, 19, kInk);
  }
  const std::string motto = "मेरा आधार, मेरी पहचान";
  s.canvas.text((kCardWidth - s.canvas.text_width(motto, kHindi, 31)) / 2, kCardHeight - 72, motto, kHindi, 31, {0.55, 0.12, 0.1});
}

void draw_aadhaar(Sheet& s) { draw_front(s, false); }

void draw_aadhaar_back(Sheet& s) {
  const auto& t = s.truth;
  draw_ground(s, kCardWidth, kCardHeight, {0.1, 0.45, 0.5});
  s.canvas.rect(0, 0, kCardWidth, 14, {0.10, 0.42, 0.48});
  s.canvas.rect(0, kCardHeight - 96, kCardWidth, 4, {0.72, 0.30, 0.18});
  s.canvas.text(150, 30, "भारतीय विशिष्ट पहचान प्राधिकरण", std::string{kHindi} + " Bold", 27, kInk);
  s.canvas.text(150, 72, "Unique Identification Authority of India", s.bold, 25, kInk);
  draw_mark(s, 730, 118);
  double y = 150;
  y += s.canvas.text(46, y, "पता/Address:", s.font + "," + std::string{kHindi}, 26, kInk) + 6;
  s.canvas.text(46, y, (t.gender == "F" ? "D/O: " : "S/O: ") + t.father_name + ", " + t.address, s.font, 26, kInk, 560);
  draw_grouped(s, kCardWidth / 2.0, 452, t.number, 50);
  s.canvas.text(60, kCardHeight - 66, "1947", s.bold, 25, kInk);
  s.canvas.text(380, kCardHeight - 66, "help@specimen.invalid", s.font, 22, kInk);
}

/// The address above, both strips of the card side by side below.
void draw_letter(Sheet& s) {
  const auto& t = s.truth;
  draw_mark(s, 60, 40);
  s.canvas.text(430, 60, "भारत सरकार", std::string{kHindi} + " Bold", 30, kInk);
  s.canvas.text(380, 104, "Government of India", s.bold, 28, kInk);
  s.canvas.text(250, 150, "Unique Identification Authority of India", s.bold, 28, kInk);
  s.canvas.text(90, 230, "Enrolment No.: " + s.dice.digits(4) + "/" + s.dice.digits(5) + "/" + s.dice.digits(5), s.font, 24, kInk);
  s.canvas.text(90, 290, "To", s.font, 24, kInk);
  double y = 326;
  if (!t.name_local.empty()) y += s.canvas.text(90, y, t.name_local, s.local, 26, kInk);
  y += s.canvas.text(90, y, t.name, s.font, 26, kInk);
  s.canvas.text(90, y, (t.gender == "F" ? "D/O: " : "S/O: ") + t.father_name + ", " + t.address, s.font, 24, kInk, 520);
  s.canvas.text(90, 640, "Your Aadhaar No. :", s.font, 28, kInk);
  draw_grouped(s, 540, 690, t.number, 44);
  s.canvas.rect(0, 860, kSheetWidth, 3, {0.3, 0.3, 0.3});
  draw_portrait(s, {60, 960, 150, 190});
  const std::string both = s.font + "," + std::string{kHindi};
  s.canvas.text(230, 890, "Government of India", s.bold, 22, kInk);
  y = 960;
  if (!t.name_local.empty()) y += s.canvas.text(230, y, t.name_local, s.local, 23, kInk);
  y += s.canvas.text(230, y, t.name, s.font, 23, kInk) + 4;
  y += s.canvas.text(230, y, fmt::format("जन्म तिथि/DOB: {}", dmy(t.dob, '/')), both, 22, kInk) + 4;
  s.canvas.text(230, y, t.gender == "F" ? "महिला/ FEMALE" : "पुरुष/ MALE", both, 22, kInk);
  draw_grouped(s, 300, 1180, t.number, 36);
  s.canvas.text(620, 890, "Unique Identification Authority of India", s.bold, 21, kInk);
  s.canvas.text(620, 960, "पता/Address:", both, 22, kInk);
  s.canvas.text(620, 992, (t.gender == "F" ? "D/O: " : "S/O: ") + t.father_name + ", " + t.address, s.font, 22, kInk, 400);
  draw_grouped(s, 830, 1180, t.number, 36);
}

void draw_pan_old(Sheet& s) {
  const auto& t = s.truth;
  draw_ground(s, kCardWidth, kCardHeight, {0.18, 0.34, 0.66});
  s.canvas.text(36, 14, "आयकर विभाग", std::string{kHindi} + " Bold", 27, kInk);
  s.canvas.text(36, 52, "INCOME TAX DEPARTMENT", s.bold, 24, kInk);
  s.canvas.text(700, 14, "भारत सरकार", std::string{kHindi} + " Bold", 27, kInk);
  s.canvas.text(700, 52, "GOVT. OF INDIA", s.bold, 24, kInk);
  s.canvas.text(40, 130, t.name, s.bold, 30, kInk);
  s.canvas.text(40, 200, t.father_name, s.bold, 30, kInk);
  s.canvas.text(40, 270, dmy(t.dob, '/'), s.bold, 30, kInk);
  s.canvas.text(40, 352, "Permanent Account Number", s.font, 23, kInk);
  s.canvas.text(40, 386, t.number, s.bold, 40, kInk);
  draw_portrait(s, {780, 300, 190, 230});
  draw_mark(s, 40, 596);
}

void draw_pan(Sheet& s) {
  const auto& t = s.truth;
  draw_ground(s, kCardWidth, kCardHeight, {0.18, 0.34, 0.66});
  s.canvas.rect(0, 0, kCardWidth, 92, {0.16, 0.30, 0.56, 0.16});
  s.canvas.text(36, 14, "आयकर विभाग", std::string{kHindi} + " Bold", 27, kInk);
  s.canvas.text(36, 52, "INCOME TAX DEPARTMENT", s.bold, 24, kInk);
  s.canvas.text(700, 14, "भारत सरकार", std::string{kHindi} + " Bold", 27, kInk);
  s.canvas.text(700, 52, "GOVT. OF INDIA", s.bold, 24, kInk);
  draw_portrait(s, {40, 126, 176, 212});
  s.canvas.text(316, 112, "स्थायी लेखा संख्या कार्ड", kHindi, 22, kLabel);
  s.canvas.text(316, 146, "Permanent Account Number Card", s.font, 23, kLabel);
  put(s, "document_number", 316, 178, t.number, s.bold, 44);
  double y = 352;
  const std::string both = s.font + "," + std::string{kHindi};
  const auto line = [&](std::string_view label, std::string_view field, const std::string& value) {
    y += s.canvas.text(40, y, label, both, 18, kLabel) - 2;
    y += put(s, field, 40, y, value, s.bold, 28) + 6;
  };
  line("नाम / Name", "name", t.name);
  line("पिता का नाम / Father's Name", "father_name", t.father_name);
  line("जन्म की तारीख / Date of Birth", "dob", dmy(t.dob, '/'));
  draw_mark(s, 700, 596);
}

void draw_passport(Sheet& s) {
  const auto& t = s.truth;
  draw_ground(s, kPageWidth, kPageHeight, {0.35, 0.28, 0.55});
  s.canvas.text(60, 28, s.person.issuer == "IND" ? "भारत गणराज्य  REPUBLIC OF INDIA" : "REPUBLIC OF " + s.person.issuer,
                s.bold + "," + std::string{kHindi}, 34, kInk);
  draw_mark(s, 1130, 40);
  draw_portrait(s, {60, 150, 360, 460});
  const double x = 470;
  const double x2 = 980;
  s.canvas.text(60, 92, "PASSPORT", s.bold, 30, kInk);
  row(s, x, 92, "Type", "type", "P");
  row(s, 640, 92, "Country Code", "issuer", s.person.issuer);
  row(s, x2, 92, "Passport No.", "document_number", t.number, 32);
  row(s, x, 178, "Surname", "surname", upper(s.person.surname), 30);
  row(s, x, 262, "Given Name(s)", "given_names", upper(s.person.given), 30);
  row(s, x, 346, "Nationality", "nationality", s.person.issuer == "IND" ? "INDIAN" : s.person.issuer, 30);
  row(s, 800, 346, "Sex", "gender", t.gender, 30);
  row(s, x2, 346, "Date of Birth", "dob", day_month_year(t.dob), 30);
  row(s, x, 430, "Place of Birth", "birth_place", upper(s.person.birth_place), 30);
  row(s, x, 514, "Date of Issue", "issue_date", day_month_year(*t.issue_date), 30);
  row(s, x2, 514, "Date of Expiry", "expiry_date", day_month_year(*t.expiry_date), 30);
  // 9303-4: the zone's characters stand at ten an inch; line one's baseline 14.9 mm and line two's 8.6 mm above the lower edge.
  s.canvas.rect(0, kPageHeight - 274, kPageWidth, 274, {0.97, 0.97, 0.97});
  const double pitch = 30.0;
  const double left = (kPageWidth - 44 * pitch) / 2;
  s.canvas.cells(left, kPageHeight - 176, t.mrz[0], "OCR B", 43, pitch, kInk);
  s.canvas.cells(left, kPageHeight - 102, t.mrz[1], "OCR B", 43, pitch, kInk);
}

void draw_license(Sheet& s) {
  const auto& t = s.truth;
  draw_ground(s, kCardWidth, kCardHeight, {0.45, 0.33, 0.12});
  s.canvas.rect(0, 0, kCardWidth, 84, {0.86, 0.78, 0.55, 0.6});
  s.canvas.text(36, 12, "UNION OF INDIA", s.bold, 26, kInk);
  s.canvas.text(36, 46, "DRIVING LICENCE", s.bold, 26, kInk);
  draw_mark(s, 730, 60);
  draw_portrait(s, {776, 128, 190, 236});
  const double x = 36;
  double y = 100;
  const auto line = [&](std::string_view label, std::string_view field, const std::string& value) {
    s.canvas.text(x, y, label, s.font, 22, kLabel);
    y += put(s, field, x + 190, y - 3, value, s.bold, 26) + 12;
  };
  line("DL No :", "document_number", t.number.substr(0, 4) + " " + t.number.substr(4));
  line("Issue Date :", "issue_date", dmy(*t.issue_date, '-'));
  line("Valid Till :", "expiry_date", dmy(*t.expiry_date, '-'));
  line("Name :", "name", t.name);
  line("DOB :", "dob", dmy(t.dob, '-'));
  line("S/D/W of :", "father_name", t.father_name);
  line("Blood Group :", "blood_group", "O+");
  s.canvas.text(x, y, "Address :", s.font, 22, kLabel);
  s.canvas.text(x + 190, y, t.address, s.font, 23, kInk, 520);
  s.canvas.text(x, kCardHeight - 60, "COV : LMV  MCWG", s.font, 22, kInk);
}

void draw_voter(Sheet& s) {
  const auto& t = s.truth;
  draw_ground(s, kCardWidth, kCardHeight, {0.12, 0.5, 0.32});
  s.canvas.text(150, 16, "भारत निर्वाचन आयोग", std::string{kHindi} + " Bold", 28, kInk);
  s.canvas.text(150, 58, "ELECTION COMMISSION OF INDIA", s.bold, 25, kInk);
  s.canvas.text(150, 92, "ELECTOR PHOTO IDENTITY CARD", s.font, 22, kInk);
  draw_mark(s, 740, 20);
  draw_portrait(s, {46, 150, 220, 272});
  put(s, "document_number", 560, 132, t.number, s.bold, 36);
  const double x = 306;
  double y = 190;
  const auto line = [&](std::string_view label, std::string_view field, const std::string& value, double gap) {
    s.canvas.text(x, y, label, s.font, 23, kLabel);
    y += put(s, field, x + 240, y - 3, value, s.bold, 27) + gap;
  };
  if (!t.name_local.empty()) {
    s.canvas.text(x, y, "नाम", kHindi, 24, kLabel);
    y += s.canvas.text(x + 240, y - 3, t.name_local, s.local, 27, kInk) + 10;
  }
  line("Elector's Name :", "name", t.name, 14);
  line("Father's Name :", "father_name", t.father_name, 14);
  line("Sex :", "gender", t.gender == "F" ? "Female" : "Male", 14);
  line("Date of Birth :", "dob", dmy(t.dob, '/'), 14);
}

Date day_of(const Request& r) {
  const bool given = r.today.ok() && static_cast<int>(r.today.year()) >= 1900;
  return given ? r.today : Date{std::chrono::year{2025}, std::chrono::June, std::chrono::day{15}};
}

Result<> fill(const Request& r, Dice& dice, Person& person, Truth& t) {
  const bool foreign = r.kind == Kind::passport && dice.chance(0.4);
  const auto draw_person = [&] {
    person = foreign ? random_foreigner(dice) : random_indian(dice);
    if (!foreign && !r.script.empty()) rename_in_script(person, r.script, dice);
  };
  draw_person();
  if (!r.gender.empty()) {
    if (r.gender != "M" && r.gender != "F") return Error::invalid("gender", "must be M or F");
    if (r.name.empty()) {
      while (person.male != (r.gender == "M")) draw_person();
    }
    person.male = r.gender == "M";
  }
  if (!r.name.empty()) {
    if (r.name.size() > 40 ||
        !std::ranges::all_of(r.name, [](unsigned char c) { return std::isalpha(c) != 0 || c == ' ' || c == '.' || c == '\'' || c == '-'; }))
      return Error::invalid("name", "must be at most 40 Latin letters and spaces");
    const auto gap = r.name.rfind(' ');
    person.given = gap == std::string::npos ? std::string{} : r.name.substr(0, gap);
    person.surname = gap == std::string::npos ? r.name : r.name.substr(gap + 1);
    person.name_local.clear();
  }
  t.kind = r.kind;
  t.level = r.level;
  t.name = person.full();
  t.name_local = person.name_local;
  t.father_name = person.father;
  t.gender = person.male ? "M" : "F";
  t.address = random_address(dice);

  const Date today = day_of(r);
  const auto years = [&](int n) {
    Date d{today.year() + std::chrono::years{n}, today.month(), today.day()};
    if (!d.ok()) d = Date{d.year(), d.month(), std::chrono::day{28}};
    return d;
  };
  t.dob = r.dob ? *r.dob : random_date(dice, years(-70), years(-19));
  if (!t.dob.ok() || t.dob > today) return Error::invalid("dob", "must be a day in the past");
  // Issued to an adult, where there was time for it.
  const Date of_age{t.dob.year() + std::chrono::years{18}, t.dob.month(),
                    std::chrono::day{std::min(28U, static_cast<unsigned>(t.dob.day()))}};
  t.issue_date = random_date(dice, std::max(years(-8), std::min(of_age, years(-1))), years(-1));
  t.expiry_date = Date{t.issue_date->year() + std::chrono::years{r.kind == Kind::driving_license ? 20 : 10}, t.issue_date->month(),
                       std::chrono::day{std::min(28U, static_cast<unsigned>(t.issue_date->day()))}};

  switch (r.kind) {
    case Kind::aadhaar:
    case Kind::aadhaar_back:
    case Kind::aadhaar_pvc:
    case Kind::aadhaar_letter:
      t.number = r.number;
      if (t.number.empty()) {
        do {
          t.number = static_cast<char>('2' + dice.between(0, 7)) + dice.digits(10);
          t.number += document::verhoeff_digit(t.number);
        } while (!document::aadhaar_valid(t.number));
      }
      if (!document::aadhaar_valid(t.number)) return Error::invalid("number", "is not a valid Aadhaar number");
      if (r.kind == Kind::aadhaar_pvc) {
        t.vid = static_cast<char>('2' + dice.between(0, 7)) + dice.digits(14);
        t.vid += document::verhoeff_digit(t.vid);
      }
      break;
    case Kind::pan:
    case Kind::pan_old:
      t.name = upper(t.name);
      t.father_name = upper(t.father_name);
      t.number = r.number.empty() ? fmt::format("{}{}{}P{}{:04}{}", dice.letter(), dice.letter(), dice.letter(),
                                                static_cast<char>(std::toupper(person.surname[0])), dice.between(1, 9999), dice.letter())
                                  : r.number;
      if (!document::check_pan(t.number).valid) return Error::invalid("number", "is not a valid PAN");
      break;
    case Kind::passport:
      t.name = upper(t.name);
      t.number = r.number.empty() ? fmt::format("{}{}{}", dice.letter(), dice.between(1, 9), dice.digits(6)) : r.number;
      if (t.number.size() > 9 ||
          !std::ranges::all_of(t.number, [](unsigned char c) { return std::isdigit(c) != 0 || (c >= 'A' && c <= 'Z'); }))
        return Error::invalid("number", "must be at most nine of A-Z and 0-9");
      t.mrz = document::compose_td3({.issuer = person.issuer,
                                     .surname = person.surname,
                                     .given_names = person.given,
                                     .document_number = t.number,
                                     .nationality = person.issuer,
                                     .birth = t.dob,
                                     .sex = t.gender[0],
                                     .expiry = *t.expiry_date,
                                     .optional = {}});
      break;
    case Kind::driving_license:
      t.name = upper(t.name);
      t.father_name = upper(t.father_name);
      if (r.number.empty()) {
        const auto state = random_state_code(dice);
        const auto offices = document::authenticity::offices_of(state);
        t.number = fmt::format("{}{:02}{}{}", state, dice.between(offices.first, offices.last), static_cast<int>(t.issue_date->year()),
                               dice.digits(7));
      } else {
        t.number = document::check_driving_license(r.number).normalised;
      }
      if (!document::check_driving_license(t.number).valid) return Error::invalid("number", "is not a valid licence number");
      break;
    case Kind::voter_id:
      t.number = r.number.empty() ? fmt::format("{}{}{}{}", dice.letter(), dice.letter(), dice.letter(), dice.digits(7)) : r.number;
      if (!document::check_epic(t.number).valid) return Error::invalid("number", "is not a valid voter card number");
      break;
  }
  return {};
}

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::aadhaar: return "aadhaar";
    case Kind::aadhaar_back: return "aadhaar_back";
    case Kind::aadhaar_pvc: return "aadhaar_pvc";
    case Kind::aadhaar_letter: return "aadhaar_letter";
    case Kind::pan: return "pan";
    case Kind::pan_old: return "pan_old";
    case Kind::passport: return "passport";
    case Kind::driving_license: return "driving_license";
    case Kind::voter_id: return "voter_id";
  }
  return "";
}

std::vector<Kind> all_kinds() {
  return {Kind::aadhaar, Kind::aadhaar_back, Kind::aadhaar_pvc,     Kind::aadhaar_letter, Kind::pan,
          Kind::pan_old, Kind::passport,     Kind::driving_license, Kind::voter_id};
}

std::optional<Kind> parse_kind(std::string_view text) {
  if (text == "aadhar") return Kind::aadhaar;
  for (const Kind k : all_kinds()) {
    if (to_string(k) == text) return k;
  }
  return std::nullopt;
}

Result<Specimen> generate(const Request& request) {
  if (request.level < 0 || request.level > 4) return Error::invalid("level", "must be 0 to 4");
  if (!Canvas::has_font("OCR B") || !Canvas::has_font(kHindi) || !Canvas::has_font("Liberation Sans")) {
    Error e{Errc::capability_unavailable,
            "fonts missing: OCR B (fonts-ocr-b), Noto Sans Devanagari (fonts-noto-core), Liberation Sans (fonts-liberation)"};
    return e;
  }
  const std::string_view local = request.script.empty() ? kHindi : font_of_script(request.script);
  if (local.empty()) return Error::invalid("script", "must be one of Deva, Beng, Guru, Gujr, Orya, Taml, Telu, Knda, Mlym, Aran");
  if (!Canvas::has_font(local)) return Error{Errc::capability_unavailable, fmt::format("font missing: {} (fonts-noto-core)", local)};
  Dice dice{request.seed};
  Person person;
  Specimen out;
  AX_CHECK(fill(request, dice, person, out.truth));
  // Dice of its own: the same seed stays the same person, genuine or counterfeit.
  Dice crime{request.seed * 31 + 7};
  if (request.counterfeit) AX_CHECK(falsify(*request.counterfeit, day_of(request), crime, person, out.truth));
  const bool page = request.kind == Kind::passport;
  const bool sheet_of_paper = request.kind == Kind::aadhaar_letter;
  out.truth.card_width = sheet_of_paper ? kSheetWidth : page ? kPageWidth : kCardWidth;
  out.truth.card_height = sheet_of_paper ? kSheetHeight : page ? kPageHeight : kCardHeight;

  const Color papers[] = {{0.98, 0.98, 0.96}, {0.95, 0.98, 0.99}, {0.99, 0.96, 0.94}, {0.95, 0.98, 0.94}};
  Canvas canvas(out.truth.card_width, out.truth.card_height, dice.pick(papers));
  const std::string_view fonts[] = {"Liberation Sans", "DejaVu Sans Condensed", "Noto Sans"};
  const std::string font{dice.pick(fonts)};
  Sheet sheet{canvas, dice, request, out.truth, person, font, font + " Bold", std::string{local}};
  switch (request.kind) {
    case Kind::aadhaar: draw_aadhaar(sheet); break;
    case Kind::aadhaar_back: draw_aadhaar_back(sheet); break;
    case Kind::aadhaar_pvc: draw_front(sheet, true); break;
    case Kind::aadhaar_letter: draw_letter(sheet); break;
    case Kind::pan: draw_pan(sheet); break;
    case Kind::pan_old: draw_pan_old(sheet); break;
    case Kind::passport: draw_passport(sheet); break;
    case Kind::driving_license: draw_license(sheet); break;
    case Kind::voter_id: draw_voter(sheet); break;
  }
  imaging::Image card = canvas.image();
  if (request.counterfeit == Counterfeit::moved_values) exchange_values(card, out.truth, crime);
  auto captured = capture(card, request.level, dice, request.compressed);
  out.image = std::move(captured.image);
  out.truth.outline = captured.outline;
  return out;
}

}  // namespace authx::specimen
