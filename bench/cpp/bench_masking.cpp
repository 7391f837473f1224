// Are the Aadhaar numbers and VIDs on a picture painted over, wherever they stand?
// Input lines: SETTING KIND LEVEL SEED [PATH]; PATH receives the picture painted over
//   plain     a specimen as the camera saw it
//   turned    the same, lying on another side
//   beside    next to a PAN card on one picture
//   stamped   an Aadhaar number set in type on a document of another kind, along any of its sides
//   tilted    the same at any tilt, with or without gaps, some of them VIDs, in several types and inks, some on a printed pattern
//   scene     a slip of paper with such a number, lying about in clutter
//   page      a page of running text that names such a number
//   statement a bank's statement of account with transactions that name such a number
//   none      no number: a document of another kind, for aadhaar_letter a page of text with telephone, card and account numbers, for
//             aadhaar_back a statement of account, whose references may satisfy the check digit by chance
//   declared  given as a PAN card
// Answer: {"numbers": [{"legible": …, "hidden": …}], "chance": references that satisfy the check digit, "false": places painted over
// beside all of these, "kept": may the picture be kept, "type": …, "ms": CPU}.
// Whether digits are legible is asked of Tesseract on the number's true place, rectified, at several sizes, before and after; hidden
// means that it reads them no more, and that at least 0.8 of the place is black.

#include <cmath>
#include <ctime>
#include <numbers>
#include <sstream>

#include "base/json.h"
#include "engines/document/aadhaar.h"
#include "engines/document/ocr.h"
#include "engines/document/reader.h"
#include "engines/specimen/canvas.h"
#include "engines/specimen/degrade.h"
#include "engines/specimen/people.h"
#include "engines/specimen/scene.h"
#include "engines/specimen/specimen.h"
#include "imaging/decode.h"
#include "probe.h"

namespace {

using namespace authx;

constexpr Date kToday{std::chrono::year{2026}, std::chrono::June, std::chrono::day{1}};

/// Digits on a picture: the whole number's place and the share of its width that must not be stored.
struct Number {
  std::string digits;
  imaging::Quad place{};
  double secret = 0;
};

struct Picture {
  imaging::Image image;
  std::vector<Number> numbers;
  std::vector<Number> chance;  ///< other numbers that satisfy the check digit
};

imaging::Point between(const imaging::Point& a, const imaging::Point& b, double t) {
  return {a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t};
}

specimen::Specimen drawn(specimen::Kind kind, int level, std::uint64_t seed) {
  specimen::Request r;
  r.kind = kind;
  r.level = level;
  r.seed = seed;
  r.today = kToday;
  auto s = specimen::generate(r);
  if (!s) bench::give_up("no specimen");
  return std::move(*s);
}

Picture picture_of(specimen::Specimen s) {
  Picture out;
  const auto& t = s.truth;
  const auto to_image = imaging::homography(imaging::quad_of({0, 0, t.card_width, t.card_height}), t.outline);
  for (const auto& b : t.secrets) {
    // The digits before the last four, drawn in groups: a VID's are about half as wide again as a number's.
    const bool vid = b.width > 12.5 * b.height && !t.vid.empty();
    const std::string digits = vid ? t.vid : t.number;
    const double secret = digits.size() == 16 ? 14.5 / 18.6 : 9.0 / 13.1;
    const int whole = static_cast<int>(b.width / secret);
    out.numbers.push_back({digits, imaging::apply(to_image, imaging::quad_of({b.x, b.y, whole, b.height})), secret});
  }
  out.image = std::move(s.image);
  return out;
}

void turn(Picture& p, int turns) {
  for (int k = 0, w = p.image.width, h = p.image.height; k < turns; ++k, std::swap(w, h)) {
    for (auto& n : p.numbers)
      for (auto& c : n.place) c = {h - c.y, c.x};
    for (auto& n : p.chance)
      for (auto& c : n.place) c = {h - c.y, c.x};
  }
  p.image = imaging::rotate_quarter(p.image, turns);
}

Picture beside(const Picture& a, const imaging::Image& other) {
  Picture out;
  const auto scaled = imaging::resize(other, other.width * a.image.height / other.height, a.image.height);
  out.image = imaging::Image(a.image.width + scaled.width, a.image.height, 3);
  for (int y = 0; y < a.image.height; ++y) {
    std::copy_n(scaled.row(y), scaled.stride(), out.image.row(y));
    std::copy_n(a.image.row(y), a.image.stride(), out.image.row(y) + scaled.stride());
  }
  out.numbers = a.numbers;
  for (auto& n : out.numbers)
    for (auto& c : n.place) c.x += scaled.width;
  return out;
}

/// A free place on the card, of each kind that is stamped.
imaging::Point free_place(specimen::Kind kind) {
  if (kind == specimen::Kind::pan_old) return {480, 500};
  return kind == specimen::Kind::passport ? imaging::Point{800, 640} : imaging::Point{830, 440};
}

/// A number as people write it.
std::string written(const std::string& number, specimen::Dice& dice) {
  const char* gaps[] = {" ", " ", " ", "  ", "-", ""};
  const std::string gap = dice.pick(gaps);
  std::string out;
  for (std::size_t i = 0; i < number.size(); i += 4) out += (i > 0 ? gap : "") + number.substr(i, 4);
  return out;
}

/// Printed with its middle at (x, y) of the canvas.
Number print(specimen::Canvas& canvas, double x, double y, double degrees, const std::string& number, const std::string& shown,
             const std::string& font, double size, specimen::Color ink) {
  canvas.rotated_text(x, y, degrees, shown, font, size, ink);
  const double width = canvas.text_width(shown, font, size);
  const double a = degrees * std::numbers::pi / 180;
  const auto corner = [&](double dx, double dy) {
    return imaging::Point{x + dx * std::cos(a) - dy * std::sin(a), y + dx * std::sin(a) + dy * std::cos(a)};
  };
  const double half = 0.36 * size;
  const std::size_t signs = shown.size() - 4;
  return {number,
          {corner(-width / 2, -half), corner(width / 2, -half), corner(width / 2, half), corner(-width / 2, half)},
          canvas.text_width(shown.substr(0, signs), font, size) / width};
}

std::string any_font(specimen::Dice& dice) {
  const char* fonts[] = {"Liberation Sans", "Liberation Sans Bold", "Liberation Serif", "Liberation Serif Bold", "Liberation Mono",
                         "DejaVu Sans",     "DejaVu Sans Mono",     "DejaVu Serif",     "Liberation Sans Narrow"};
  return dice.pick(fonts);
}

specimen::Color any_ink(specimen::Dice& dice) {
  const double base = dice.range(0, 0.25);
  return {base + dice.range(0, 0.25), base + dice.range(0, 0.1), base + dice.range(0, 0.4)};
}

/// Lines as a security pattern has them.
void pattern(specimen::Canvas& canvas, int width, int height, specimen::Dice& dice) {
  const double gray = dice.range(0.6, 0.85);
  for (double y = 0; y < height; y += dice.range(5, 14))
    canvas.wave(y, dice.range(2, 12), dice.range(30, 140), dice.range(0, 6), dice.range(0.8, 1.6), {gray, gray, dice.range(0.6, 0.9)});
  static_cast<void>(width);
}

Picture tilted(const specimen::Specimen& s, const std::string& number, specimen::Dice& dice) {
  const auto& t = s.truth;
  const auto to_image = imaging::homography(imaging::quad_of({0, 0, t.card_width, t.card_height}), t.outline);
  const auto at = free_place(t.kind);
  const auto middle = imaging::apply(to_image, at);
  const auto ahead = imaging::apply(to_image, imaging::Point{at.x + 50, at.y});
  const double scale = std::hypot(ahead.x - middle.x, ahead.y - middle.y) / 50;
  specimen::Canvas canvas(s.image.width, s.image.height, {1, 1, 1});
  canvas.picture(0, 0, s.image.width, s.image.height, s.image);
  const std::string font = any_font(dice);
  const std::string shown = written(number, dice);
  double size = dice.range(24, 38) * scale;
  // The whole number stands on the card.
  size *= std::min(1.0, 400 * scale / canvas.text_width(shown, font, size));
  const double degrees = dice.range(0, 360);
  if (dice.chance(0.5)) {  // on a sticker
    const double reach = canvas.text_width(shown, font, size) / 2 + 0.6 * size;
    canvas.ellipse(middle.x, middle.y, reach, reach, {dice.range(0.85, 1), dice.range(0.85, 1), dice.range(0.8, 1)});
  }
  Picture out;
  out.numbers.push_back(print(canvas, middle.x, middle.y, degrees, number, shown, font, size, any_ink(dice)));
  out.image = canvas.image();
  return out;
}

Picture slip(const std::string& number, int level, specimen::Dice& dice) {
  const int width = dice.between(500, 1000);
  const int height = dice.between(280, 700);
  const double paper = dice.range(0.75, 1);
  specimen::Canvas canvas(width, height, {paper, paper * dice.range(0.9, 1), paper * dice.range(0.8, 1)});
  if (dice.chance(0.35)) pattern(canvas, width, height, dice);
  const std::string font = any_font(dice);
  const std::string shown = written(number, dice);
  double size = dice.range(26, 56);
  const double degrees = dice.chance(0.5) ? dice.range(-20, 20) : dice.range(0, 360);
  size *= std::min(1.0, 0.85 * std::min(width, height) / canvas.text_width(shown, font, size) *
                            (std::abs(std::remainder(degrees, 180)) < 21 ? std::max(1.0, 0.9 * width / std::min(width, height)) : 1));
  if (dice.chance(0.6)) canvas.text(20, 14, "Please keep this number safe", any_font(dice), 22, any_ink(dice));
  if (dice.chance(0.6)) canvas.text(20, height - 40, "Flat 7, Lake View Road, Pune 411001", any_font(dice), 22, any_ink(dice));
  const auto placed = print(canvas, width / 2.0, height / 2.0, degrees, number, shown, font, size, any_ink(dice));
  const auto seen = level == 4 ? specimen::place_in_scene(canvas.image(), dice) : specimen::capture(canvas.image(), level, dice);
  const auto to_image = imaging::homography(imaging::quad_of({0, 0, width, height}), seen.outline);
  Picture out;
  out.image = seen.image;
  out.numbers.push_back({number, imaging::apply(to_image, placed.place), placed.secret});
  return out;
}

/// A sheet of text, 1000 x 1400; with `number` somewhere within a line.
Picture text_page(const std::string& number, int level, specimen::Dice& dice) {
  const char* lines[] = {"We refer to your letter of 12 March and thank you for the papers that you sent.",
                         "The account 50100234567812 was opened at our branch in Pune on 04/05/2019.",
                         "Please call 98220 41785 or +91 20 2553 7744 between nine and five.",
                         "Card 4539 1488 0343 6467 was closed; invoice 2024-000187 remains open.",
                         "Our reference is KYC/2024/118/7731 and must be named in every answer.",
                         "The meeting takes place at the office in Nagpur, second floor, room 214.",
                         "Amounts are in rupees: 12,500.00 for March and 9,875.50 for April.",
                         "Yours faithfully, R. Deshpande, Branch Manager, Employee No. 104482."};
  const int width = 1000;
  const int height = 1400;
  specimen::Canvas canvas(width, height, {0.97, 0.97, 0.95});
  const std::string font = any_font(dice);
  const double size = dice.range(20, 25);
  const specimen::Color ink{0.1, 0.1, 0.12};
  const int at = dice.between(3, 20);
  Picture out;
  double y = 90;
  for (int k = 0; k < 24; ++k, y += 2.1 * size) {
    if (!number.empty() && k == at) {
      const std::string shown = written(number, dice);
      const char* leads[] = {"Aadhaar No: ", "UID ", "His Aadhaar number is ", ""};
      const std::string lead = dice.pick(leads);
      const double x = 60 + (lead.empty() ? 0 : canvas.text_width(lead + "x", font, size) - canvas.text_width("x", font, size));
      if (!lead.empty()) canvas.text(60, y, lead, font, size, ink);
      const double w = canvas.text_width(shown, font, size);
      out.numbers.push_back(print(canvas, x + w / 2, y + 0.57 * size, 0, number, shown, font, size, ink));
      if (dice.chance(0.5)) canvas.text(x + w + 0.4 * size, y, "as stated.", font, size, ink);
      continue;
    }
    canvas.text(60, y, lines[static_cast<std::size_t>(dice.between(0, 7))], font, size, ink);
  }
  const auto seen = level == 4 ? specimen::place_in_scene(canvas.image(), dice) : specimen::capture(canvas.image(), level, dice);
  const auto to_image = imaging::homography(imaging::quad_of({0, 0, width, height}), seen.outline);
  for (auto& n : out.numbers) n.place = imaging::apply(to_image, n.place);
  out.image = seen.image;
  return out;
}

std::string digits_of(specimen::Dice& dice, int count, int least = 0) {
  std::string out;
  for (int k = 0; k < count; ++k) out += static_cast<char>('0' + dice.between(k == 0 ? least : 0, 9));
  return out;
}

std::string amount_of(specimen::Dice& dice) {
  std::string whole = digits_of(dice, dice.between(2, 6), 1);
  if (whole.size() > 3) whole.insert(whole.size() - 3, ",");
  if (whole.size() > 6) whole.insert(whole.size() - 6, ",");
  return whole + "." + digits_of(dice, 2);
}

/// A bank's statement of account, 1240 x 1754: head, columns of transactions, foot. With `number` in the head or in a transaction.
Picture statement(const std::string& number, int level, specimen::Dice& dice) {
  const int width = 1240;
  const int height = 1754;
  specimen::Canvas canvas(width, height, {0.99, 0.99, 0.98});
  const std::string font = any_font(dice);
  const specimen::Color ink{0.1, 0.1, 0.12};
  const double size = dice.range(19, 23);
  Picture out;
  const auto put = [&](double x, double y, const std::string& text) { canvas.text(x, y, text, font, size, ink); };
  const auto place = [&](std::vector<Number>& into, double x, double y, const std::string& lead, const std::string& digits,
                         const std::string& shown) {
    const double at = x + canvas.text_width(lead + "x", font, size) - canvas.text_width("x", font, size);
    put(x, y, lead);
    const double w = canvas.text_width(shown, font, size);
    into.push_back(print(canvas, at + w / 2, y + 0.57 * size, 0, digits, shown, font, size, ink));
    return at + w;
  };
  const bool in_head = dice.chance(0.5);
  const char* banks[] = {"Sahyadri Bank Limited", "Union Cooperative Bank", "Bank of the Deccan"};
  canvas.text(60, 60, dice.pick(banks), font, 1.8 * size, ink);
  double y = 140;
  const auto line = [&](const std::string& text) {
    put(60, y, text);
    y += 1.7 * size;
  };
  const char* people[] = {"Meera Kulkarni", "Arjun Nair", "Fatima Sheikh", "Gurpreet Singh"};
  line(std::string{"Statement of account for "} + dice.pick(people));
  line("Flat " + std::to_string(dice.between(2, 90)) + ", Lake View Road, Pune 411" + digits_of(dice, 3));
  line("Account No. " + digits_of(dice, dice.between(11, 16), 1) + "   Branch code " + digits_of(dice, 5));
  line("IFSC SBNK0" + digits_of(dice, 6) + "   MICR " + digits_of(dice, 9) + "   CIF " + digits_of(dice, 11, 1));
  line("Mobile +91 " + digits_of(dice, 5, 7) + " " + digits_of(dice, 5) + "   Phone 020-" + digits_of(dice, 8, 2));
  const char* leads[] = {"Aadhaar No: ", "UID ", "Aadhaar linked: "};
  if (!number.empty() && in_head) {
    place(out.numbers, 60, y, dice.pick(leads), number, written(number, dice));
    y += 1.7 * size;
  }
  line("Period 01/04/2025 to 30/06/2025   Customer since " + digits_of(dice, 1) + "2/03/2011");
  y += size;
  const double columns[] = {60, 200, 800, 960};
  const char* heads[] = {"Date", "Particulars", "Amount", "Balance"};
  for (int k = 0; k < 4; ++k) put(columns[k], y, heads[k]);
  y += 2 * size;
  const int rows = dice.between(10, 22);
  const int at = dice.between(0, rows - 1);
  for (int k = 0; k < rows; ++k, y += 1.9 * size) {
    put(columns[0], y,
        digits_of(dice, 1).replace(0, 1, std::to_string(dice.between(10, 28))) + "/0" + std::to_string(dice.between(4, 6)) + "/2025");
    put(columns[2], y, amount_of(dice));
    put(columns[3], y, amount_of(dice));
    if (!number.empty() && !in_head && k == at) {
      place(out.numbers, columns[1], y, "DBT Aadhaar ", number, written(number, dice));
      continue;
    }
    const std::string reference = digits_of(dice, 12, 1);
    const char* kinds[] = {"UPI/", "NEFT Ref ", "IMPS ", "RRN "};
    if (dice.chance(0.6)) {
      const std::string lead = dice.pick(kinds);
      if (document::aadhaar_valid(reference)) {
        place(out.chance, columns[1], y, lead, reference, reference);
      } else {
        put(columns[1], y, lead + reference);
      }
    } else if (dice.chance(0.4)) {
      put(columns[1], y, "Card XXXX XXXX XXXX " + digits_of(dice, 4));
    } else {
      put(columns[1], y, "Cheque " + digits_of(dice, 6) + " to a/c " + digits_of(dice, dice.between(11, 15), 1));
    }
  }
  put(60, y + size, "Questions: 1800 " + digits_of(dice, 3) + " " + digits_of(dice, 4) + " toll free, page 1 of 1.");
  const auto seen = level == 4 ? specimen::place_in_scene(canvas.image(), dice) : specimen::capture(canvas.image(), level, dice);
  const auto to_image = imaging::homography(imaging::quad_of({0, 0, width, height}), seen.outline);
  for (auto* numbers : {&out.numbers, &out.chance}) {
    for (auto& n : *numbers) n.place = imaging::apply(to_image, n.place);
  }
  out.image = seen.image;
  return out;
}

Picture stamped(const specimen::Specimen& s, const std::string& number, specimen::Dice& dice) {
  Picture out;
  const auto& t = s.truth;
  const auto to_image = imaging::homography(imaging::quad_of({0, 0, t.card_width, t.card_height}), t.outline);
  const auto at = free_place(t.kind);
  const auto middle = imaging::apply(to_image, at);
  const auto ahead = imaging::apply(to_image, imaging::Point{at.x + 50, at.y});
  const double scale = std::hypot(ahead.x - middle.x, ahead.y - middle.y) / 50;
  const double degrees = std::atan2(ahead.y - middle.y, ahead.x - middle.x) * 180 / std::numbers::pi + 90 * dice.between(0, 3);
  specimen::Canvas canvas(s.image.width, s.image.height, {1, 1, 1});
  canvas.picture(0, 0, s.image.width, s.image.height, s.image);
  const double size = dice.range(28, 36) * scale;
  const std::string shown = number.substr(0, 4) + " " + number.substr(4, 4) + " " + number.substr(8);
  const char* fonts[] = {"Liberation Sans", "Liberation Serif Bold", "Liberation Mono"};
  const std::string font = dice.pick(fonts);
  canvas.rotated_text(middle.x, middle.y, degrees, shown, font, size, {0.1, 0.1, 0.2});
  out.image = canvas.image();
  const double width = canvas.text_width(shown, font, size);
  const double a = degrees * std::numbers::pi / 180;
  const auto corner = [&](double x, double y) {
    return imaging::Point{middle.x + x * std::cos(a) - y * std::sin(a), middle.y + x * std::sin(a) + y * std::cos(a)};
  };
  const double half = 0.36 * size;
  out.numbers.push_back({number,
                         {corner(-width / 2, -half), corner(width / 2, -half), corner(width / 2, half), corner(-width / 2, half)},
                         canvas.text_width(shown.substr(0, 9), font, size) / width});
  return out;
}

bool legible(const imaging::Image& image, const Number& n) {
  const auto& q = n.place;
  const double w = std::hypot(q[1].x - q[0].x, q[1].y - q[0].y);
  const double h = std::hypot(q[3].x - q[0].x, q[3].y - q[0].y);
  const double pad_x = h / w;
  imaging::Quad wide;
  const auto left = [&](const imaging::Point& a, const imaging::Point& b) { return between(a, b, -pad_x); };
  const auto right = [&](const imaging::Point& a, const imaging::Point& b) { return between(a, b, 1 + pad_x); };
  const imaging::Point tl = left(q[0], q[1]);
  const imaging::Point tr = right(q[0], q[1]);
  const imaging::Point bl = left(q[3], q[2]);
  const imaging::Point br = right(q[3], q[2]);
  wide = {between(tl, bl, -0.5), between(tr, br, -0.5), between(br, tr, -0.5), between(bl, tl, -0.5)};
  const std::string secret = n.digits.substr(0, n.digits.size() - 4);
  for (const int ink : {24, 36, 52}) {
    const int height = 2 * ink;
    const auto strip = imaging::to_gray(imaging::warp(image, wide, std::max(8, static_cast<int>(height * (w + 2 * h) / (2 * h))), height));
    const auto words = document::ocr(strip, document::OcrMode::line, Deadline{}, "0123456789");
    if (!words) bench::give_up("ocr");
    std::string all;
    for (const auto& word : *words) all += word.text;
    if (all.find(secret) != std::string::npos) return true;
  }
  return false;
}

double black_share(const imaging::Image& image, const Number& n) {
  int black = 0;
  int all = 0;
  for (double v = 0.2; v <= 0.8; v += 0.1) {
    for (double u = 0.01; u < n.secret - 0.01; u += 0.01) {
      const auto p = between(between(n.place[0], n.place[1], u), between(n.place[3], n.place[2], u), v);
      const int x = static_cast<int>(p.x);
      const int y = static_cast<int>(p.y);
      if (x < 0 || y < 0 || x >= image.width || y >= image.height) continue;
      const auto* at = image.row(y) + static_cast<std::ptrdiff_t>(x) * image.channels;
      ++all;
      black += at[0] == 0 && at[image.channels - 1] == 0 ? 1 : 0;
    }
  }
  return all == 0 ? 1 : static_cast<double>(black) / all;
}

std::string answer(const std::string& line) {
  std::istringstream in{line};
  std::string setting;
  std::string name;
  int level = 0;
  std::uint64_t seed = 0;
  std::string path;
  in >> setting >> name >> level >> seed >> path;
  const auto kind = specimen::parse_kind(name);
  if (!kind) bench::give_up("unknown kind: " + line);
  specimen::Dice dice{seed * 1009 + static_cast<std::uint64_t>(*kind) * 31 + static_cast<std::uint64_t>(level)};
  Picture p;
  const auto number = [&] {
    const std::uint64_t other = seed * 1009 + static_cast<std::uint64_t>(*kind) * 31 + static_cast<std::uint64_t>(level);
    if (setting != "stamped" && dice.chance(0.2)) return drawn(specimen::Kind::aadhaar_pvc, 0, other).truth.vid;
    return drawn(specimen::Kind::aadhaar, 0, other).truth.number;
  };
  if (setting == "stamped") {
    p = stamped(drawn(*kind, level, seed), number(), dice);
  } else if (setting == "tilted") {
    p = tilted(drawn(*kind, level, seed), number(), dice);
  } else if (setting == "scene") {
    p = slip(number(), level, dice);
  } else if (setting == "page") {
    p = text_page(number(), level, dice);
  } else if (setting == "statement") {
    p = statement(number(), level, dice);
  } else if (setting == "none" && *kind == specimen::Kind::aadhaar_letter) {
    p = text_page({}, level, dice);
  } else if (setting == "none" && *kind == specimen::Kind::aadhaar_back) {
    p = statement({}, level, dice);
  } else {
    p = picture_of(drawn(*kind, level, seed));
  }
  if (setting == "beside") p = beside(p, drawn(specimen::Kind::pan, level, seed).image);
  if (setting == "turned" || setting == "stamped" || setting == "page" || setting == "statement") turn(p, dice.between(0, 3));
  std::vector<bool> before;
  for (const auto& n : p.numbers) before.push_back(legible(p.image, n));
  timespec from{};
  timespec to{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  const auto reading = document::read(p.image, nullptr, setting == "declared" ? document::DeclaredType::pan : document::DeclaredType::other,
                                      kToday, Deadline{});
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
  if (!reading) bench::give_up(line + ": " + reading.error().detail);
  const auto& page = reading->pages.front();
  imaging::black_out(p.image, page.secret_on_input);
  if (!path.empty()) {
    const auto png = imaging::encode_png(p.image);
    std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(png->data()), static_cast<std::streamsize>(png->size()));
  }
  json::array numbers;
  for (std::size_t i = 0; i < p.numbers.size(); ++i) {
    const double black = black_share(p.image, p.numbers[i]);
    numbers.push_back(
        {{"legible", before[i] ? true : false}, {"black", black}, {"hidden", black >= 0.8 && !legible(p.image, p.numbers[i])}});
  }
  const double ms = static_cast<double>(to.tv_sec - from.tv_sec) * 1e3 + static_cast<double>(to.tv_nsec - from.tv_nsec) / 1e6;
  const auto on_number = [&](const imaging::Quad& q) {
    const imaging::Point middle = between(q[0], q[2], 0.5);
    const auto near = [&](const Number& n) {
      const auto& a = n.place;
      const auto box = imaging::bounds_of(a);
      const double reach = std::hypot(a[3].x - a[0].x, a[3].y - a[0].y);
      return middle.x >= box.x - reach && middle.x <= box.x + box.width + reach && middle.y >= box.y - reach &&
             middle.y <= box.y + box.height + reach;
    };
    return std::ranges::any_of(p.numbers, near) || std::ranges::any_of(p.chance, near);
  };
  const auto beside_all = std::ranges::count_if(page.secret_on_input, [&](const imaging::Quad& q) { return !on_number(q); });
  return json::serialize(json::object{{"numbers", numbers},
                                      {"chance", p.chance.size()},
                                      {"false", beside_all},
                                      {"kept", !page.number_unlocated},
                                      {"type", document::to_string(reading->type)},
                                      {"places", page.secret_on_input.size()},
                                      {"ms", ms}});
}

}  // namespace

int main() { return authx::bench::answer_lines(&answer); }
