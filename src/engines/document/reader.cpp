#include "engines/document/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/core.hpp>
#include <tuple>

#include "engines/document/mrz_image.h"
#include "engines/document/ocr.h"
#include "engines/document/outline.h"
#include "engines/document/types/type.h"

namespace authx::document {
namespace {

constexpr int kLongestSide = 1400;  ///< of a rectified page; about 400 dots an inch on a card
constexpr int kOcrSide = 1100;      ///< recognition costs time in proportion to the pixels and gains nothing above

imaging::Quad turned(const imaging::Quad& q, int clockwise) {
  const auto t = static_cast<std::size_t>(((clockwise % 4) + 4) % 4);
  imaging::Quad out;
  for (std::size_t i = 0; i < 4; ++i) out[i] = q[(i + 4 - t) % 4];
  return out;
}

struct Size {
  int width = 0;
  int height = 0;
};

Size size_of(const imaging::Quad& q) {
  const auto side = [&](std::size_t a, std::size_t b) { return std::hypot(q[a].x - q[b].x, q[a].y - q[b].y); };
  double w = (side(0, 1) + side(2, 3)) / 2;
  double h = (side(1, 2) + side(3, 0)) / 2;
  const double scale = std::min(1.0, kLongestSide / std::max(w, h));
  return {std::max(8, static_cast<int>(std::lround(w * scale))), std::max(8, static_cast<int>(std::lround(h * scale)))};
}

/// How sure OCR is of a few strips of text, this way up.
Result<double> legibility(const imaging::Image& gray, const std::vector<imaging::Box>& strips, bool upside_down, std::size_t most,
                          const Deadline& deadline) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(most, strips.size()); ++i) {
    imaging::Image part = imaging::crop(gray, strips[i]);
    if (part.empty()) continue;
    if (upside_down) part = imaging::rotate_quarter(part, 2);
    const int height = 48;
    const int width = std::max(16, part.width * height / part.height);
    AX_TRY(const auto words, ocr(imaging::resize(part, width, height), OcrMode::line, deadline));
    for (const auto& w : words) {
      const auto letters = std::ranges::count_if(w.text, [](unsigned char c) { return std::isalnum(c) != 0; });
      if (letters >= 3) sum += static_cast<double>(letters) * std::max(0.0, w.confidence - 0.4);
    }
  }
  return sum;
}

Result<int> find_turns(const imaging::Image& gray, const Deadline& deadline) {
  const int quarter = text_is_vertical(gray) ? 1 : 0;
  const imaging::Image level = imaging::rotate_quarter(gray, quarter);
  const auto strips = text_strips(level);
  if (strips.empty()) return quarter;
  double up = 0;
  double down = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, strips.size()); ++i) {
    const std::vector<imaging::Box> one{strips[i]};
    AX_TRY(const double u, legibility(level, one, false, 1, deadline));
    up += u;
    if (up > 4 && up > 3 * down) return quarter;
    AX_TRY(const double d, legibility(level, one, true, 1, deadline));
    down += d;
    if (down > 4 && down > 3 * up) return quarter + 2;
  }
  return down > up ? quarter + 2 : quarter;
}

struct Prepared {
  PageReading page;
  Page content;
  imaging::Image gray;
};

struct TypeMatch {
  const TypeReader* type = nullptr;
  double score = 0;
};

TypeMatch best_type(const Page& page) {
  TypeMatch best;
  for (const TypeReader* t : all_types()) {
    const double score = t->score(page);
    if (score > best.score) best = {t, score};
  }
  return best;
}

constexpr double kSure = 0.5;

Result<void> recognise(const imaging::Image& flat, const imaging::Quad& outline, int turns, const Deadline& deadline, Prepared& out) {
  out.page.quarter_turns = ((turns % 4) + 4) % 4;
  out.page.rectified = imaging::rotate_quarter(flat, turns);
  out.page.outline = turned(outline, turns);
  out.gray = imaging::to_gray(out.page.rectified);
  const int side = std::max(out.gray.width, out.gray.height);
  const double scale = side > kOcrSide ? static_cast<double>(kOcrSide) / side : side < 700 ? 700.0 / side : 1.0;
  const imaging::Image sized = imaging::resize(out.gray, std::max(8, static_cast<int>(out.gray.width * scale)),
                                               std::max(8, static_cast<int>(out.gray.height * scale)));
  AX_TRY(auto words, ocr(sized, OcrMode::sparse, deadline));
  for (auto& w : words) {
    const auto back = [&](int v) { return static_cast<int>(std::lround(v / scale)); };
    w.box = {back(w.box.x), back(w.box.y), back(w.box.width), back(w.box.height)};
  }
  out.content.rows = group_rows(std::move(words));
  out.content.gray = &out.gray;
  return {};
}

Result<void> prepare(const imaging::Image& input, Side side, const ReadOptions& options, const Deadline& deadline, Prepared& out) {
  out.page.side = side;
  out.content.side = side;
  const imaging::Quad whole = imaging::quad_of({0, 0, input.width, input.height});
  const auto found = find_outline(input);
  std::vector<imaging::Quad> outlines;
  if (found) outlines.push_back(*found);
  outlines.push_back(whole);

  Prepared best;
  double best_score = -1;
  for (std::size_t i = 0; i < outlines.size(); ++i) {
    const Size size = size_of(outlines[i]);
    const imaging::Image flat = imaging::warp(input, outlines[i], size.width, size.height);
    if (deadline.passed()) return Errc::request_timeout;
    Prepared tried;
    tried.page.side = side;
    tried.content.side = side;
    tried.page.outline_found = found && i == 0;
    // A machine-readable zone says which way is up, and costs less to look for than OCR.
    int turns = 0;
    auto zone = read_mrz(flat, options.today, deadline);
    if (zone && !zone->mrz.valid() && tried.page.outline_found) {
      // Rectifying costs sharpness, and the outline may be another's.
      if (auto plain = read_mrz(input, options.today, deadline); plain && plain->mrz.valid()) {
        zone->mrz = plain->mrz;
        zone->confidence = plain->confidence;
        zone->corrected = plain->corrected;
      }
    }
    if (zone) {
      turns = zone->quarter_turns;
      tried.content.mrz = zone->mrz;
      tried.content.mrz_confidence = zone->confidence;
      tried.content.mrz_corrected = zone->corrected;
    } else {
      AX_TRY(turns, find_turns(imaging::to_gray(flat), deadline));
    }
    // When nothing known comes out, the page may lie the other way up, or the outline may not be the document's.
    for (const int more : {0, 2}) {
      AX_CHECK(recognise(flat, outlines[i], turns + more, deadline, tried));
      const double score = best_type(tried.content).score;
      if (score > best_score) {
        best_score = score;
        best = tried;
      }
      if (best_score >= kSure || tried.content.mrz) break;
    }
    if (best_score >= kSure) break;
  }
  out = std::move(best);
  out.content.gray = &out.gray;
  out.page.quality = imaging::measure(out.page.rectified);
  return {};
}

bool declared_as(DeclaredType declared, Type seen) {
  switch (declared) {
    case DeclaredType::other: return true;
    case DeclaredType::aadhaar: return seen == Type::aadhaar;
    case DeclaredType::pan: return seen == Type::pan;
    case DeclaredType::passport: return seen == Type::passport;
    case DeclaredType::driving_license: return seen == Type::driving_license;
    case DeclaredType::voter_id: return seen == Type::voter_id;
  }
  return false;
}

std::optional<Date> date_field_value(const Reading& r, std::string_view name) {
  const Field* f = r.find(name);
  return f == nullptr ? std::nullopt : parse_date(f->normalised);
}

void conclude(Reading& r, const TypeReader* type, const ReadOptions& options) {
  // Names keep the order of their first appearance; within a name the best comes first.
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < r.fields.size(); ++i) first.try_emplace(r.fields[i].name, i);
  std::ranges::sort(r.fields, {}, [&](const Field& f) { return std::tuple{first[f.name], !f.valid, -f.confidence}; });
  if (const Field* f = r.find("name")) r.name = f->normalised;
  if (const Field* f = r.find("gender")) r.gender = f->normalised;
  if (const Field* f = r.find("address")) r.address = f->normalised;
  r.dob = date_field_value(r, "dob");
  r.issue_date = date_field_value(r, "issue_date");
  r.expiry_date = date_field_value(r, "expiry_date");

  const auto add = [&](std::string id, bool good, std::string yes, std::string no, CheckKind kind = CheckKind::rule) {
    r.findings.push_back({std::move(id), good ? Outcome::passed : Outcome::failed, good ? std::move(yes) : std::move(no), kind});
  };
  if (r.type == Type::unknown) {
    r.findings.push_back(
        {"type_known", Outcome::failed, "The picture shows none of the documents that can be read here", CheckKind::capture});
  }
  if (options.declared != DeclaredType::other && r.type != Type::unknown) {
    add("type_matches", declared_as(options.declared, r.type), "The document is of the declared type",
        fmt::format("The document looks like {} instead of {}", to_string(r.type), to_string(options.declared)), CheckKind::type);
  }
  if (r.expiry_date) add("not_expired", *r.expiry_date >= options.today, "The document has not expired", "The document has expired");
  if (r.dob) {
    const int age = full_years_between(*r.dob, options.today);
    add("birth_plausible", *r.dob <= options.today && age <= 120, "The date of birth is plausible", "The date of birth is not plausible");
  }
  if (r.issue_date && r.expiry_date) {
    add("issued_before_expiry", *r.issue_date < *r.expiry_date, "The dates of issue and expiry are in order",
        "The document expires before its issue");
  }
  if (r.issue_date)
    add("issue_not_in_future", *r.issue_date <= options.today, "The date of issue is in the past", "The date of issue is in the future");
  for (const auto& page : r.pages) {
    const auto& q = page.quality;
    const std::string prefix = page.side == Side::front ? "" : "back_";
    add(prefix + "sharp_enough", q.sharpness >= 8, "The picture is sharp", "The picture is blurred", CheckKind::capture);
    add(prefix + "free_of_glare", q.glare_share < 0.12, "No glare covers the document", "Glare covers part of the document",
        CheckKind::capture);
    add(prefix + "large_enough", std::max(page.rectified.width, page.rectified.height) >= 400,
        "The document is large enough in the picture", "The document is too small in the picture", CheckKind::capture);
  }

  if (type == nullptr) return;
  double sum = 0;
  for (const auto name : type->required) {
    const Field* f = r.find(name);
    if (f == nullptr && name == "dob") f = r.find("year_of_birth");
    if (f != nullptr) sum += f->confidence * (f->valid ? 1 : 0.5);
  }
  r.confidence = std::clamp(sum / static_cast<double>(type->required.size()), 0.0, 1.0);
}

Result<Reading> read_pages(const imaging::Image& front, const imaging::Image* back, const ReadOptions& options, const Deadline& deadline) {
  std::vector<Prepared> pages(back != nullptr && !back->empty() ? 2 : 1);
  AX_CHECK(prepare(front, Side::front, options, deadline, pages[0]));
  if (pages.size() > 1) AX_CHECK(prepare(*back, Side::back, options, deadline, pages[1]));

  Reading reading;
  const TypeReader* type = nullptr;
  for (const TypeReader* t : all_types()) {
    double score = 0;
    for (const auto& p : pages) score = std::max(score, t->score(p.content));
    if (score > reading.type_confidence) {
      reading.type_confidence = score;
      type = t;
    }
  }
  if (reading.type_confidence < kSure) type = nullptr;
  if (type != nullptr) reading.type = type->type;
  if (type != nullptr) {
    for (auto& p : pages) {
      const Extraction out{reading, p.page, options.today, deadline};
      type->extract(p.content, out);
      if (deadline.passed()) return Errc::request_timeout;
    }
  }
  for (auto& p : pages) {
    // Secrets are found on the upright page; what is stored may be the input.
    const imaging::Quad whole = imaging::quad_of({0, 0, p.page.rectified.width, p.page.rectified.height});
    const auto to_input = imaging::homography(whole, p.page.outline);
    for (const auto& q : p.page.secret_on_rectified) p.page.secret_on_input.push_back(imaging::apply(to_input, q));
    reading.pages.push_back(std::move(p.page));
  }
  conclude(reading, type, options);
  return reading;
}

}  // namespace

Result<Reading> read(const imaging::Image& front, const imaging::Image* back, const ReadOptions& options, const Deadline& deadline) {
  if (front.empty()) return Error::invalid("image", "the picture is empty");
  try {
    return read_pages(front, back, options, deadline);
  } catch (const cv::Exception& e) {
    return Error{Errc::internal, fmt::format("opencv: {} in {}", e.code, e.func)};
  } catch (const std::bad_alloc&) {
    return Error::invalid("image", "the picture needs too much memory");
  }
}

}  // namespace authx::document
