#include "engines/document/page.h"

#include <algorithm>
#include <cmath>

#include "engines/document/mrz_image.h"
#include "engines/document/outline.h"
#include "engines/document/print.h"

namespace authx::document {
namespace {

constexpr int kLongestSide = 1400;         ///< of a rectified page; about 400 dots an inch on a card
constexpr double kLeastStep = 0.16;        ///< a side with less between inside and outside may run through the document
constexpr double kSureWithoutZone = 0.65;  ///< print that tells a type without a zone leaves none to look for

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
  const double w = (side(0, 1) + side(2, 3)) / 2;
  const double h = (side(1, 2) + side(3, 0)) / 2;
  const double scale = std::min(1.0, kLongestSide / std::max(w, h));
  return {std::max(8, static_cast<int>(std::lround(w * scale))), std::max(8, static_cast<int>(std::lround(h * scale)))};
}

/// Words come out this way up.
bool legible(const std::vector<Row>& rows) {
  std::size_t words = 0;
  for (const auto& row : rows) {
    words +=
        static_cast<std::size_t>(std::ranges::count_if(row.words, [](const Word& w) { return w.confidence > 0.8 && w.text.size() >= 4; }));
  }
  return words >= 4;
}

/// A line of print runs into the page's border: what was taken for the outline cuts through the document.
bool cuts_print(const Layout& layout) {
  constexpr double kLetters = 5;
  return std::ranges::any_of(layout.lines, [&](const TextLine& l) {
    return l.letters >= kLetters &&
           (l.box.x <= 0 || l.box.y <= 0 || l.box.x + l.box.width >= layout.page.width || l.box.y + l.box.height >= layout.page.height);
  });
}

struct Flat {
  imaging::Image image;
  imaging::Quad outline{};
  Layout layout;
};

/// What has been read, and all that follows from it.
Result<void> take(const Flat& flat, const Print& print, const Deadline& deadline, PageWork& out) {
  out.page.quarter_turns = print.quarter_turns;
  out.page.rectified = imaging::rotate_quarter(flat.image, print.quarter_turns);
  out.page.outline = turned(flat.outline, print.quarter_turns);
  out.gray = imaging::to_gray(out.page.rectified);
  out.content.gray = &out.gray;
  out.content.rows = print.rows;
  out.content.lines = print.lines;
  out.page.lines.clear();
  for (const auto& l : print.lines) out.page.lines.push_back(l.box);
  out.content.numbers = find_numbers(out.gray, out.content.rows, deadline);
  return {};
}

/// What print says. `turns` when it is known which way is up.
Result<void> recognise(const Flat& flat, std::optional<int> turns, const Deadline& deadline, PageWork& out) {
  AX_TRY(auto reader, PrintReader::start(flat.layout, turns, false, deadline));
  AX_CHECK(reader.read(!out.content.mrz.has_value(), deadline));
  return take(flat, reader.print(), deadline, out);
}

/// The machine-readable zone also says which way is up.
bool find_zone(const Flat& flat, const imaging::Image& input, const ReadOptions& options, const Deadline& deadline, PageWork& out,
               std::optional<int>& turns) {
  auto zone = read_mrz(flat.image, options.today, deadline);
  if (!zone) return false;
  if (!zone->mrz.valid() && out.page.outline_found) {
    // Rectifying costs sharpness, and the outline may be another's.
    if (auto plain = read_mrz(input, options.today, deadline); plain && plain->mrz.valid()) {
      zone->mrz = plain->mrz;
      zone->confidence = plain->confidence;
      zone->corrected = plain->corrected;
    }
  }
  const imaging::Quad flat_page = imaging::quad_of({0, 0, flat.image.width, flat.image.height});
  out.zone = imaging::apply(imaging::homography(flat_page, flat.outline), zone->zone);
  turns = zone->quarter_turns;
  out.content.mrz = zone->mrz;
  out.content.mrz_confidence = zone->confidence;
  out.content.mrz_corrected = zone->corrected;
  return true;
}

}  // namespace

PageWork& PageWork::operator=(PageWork&& other) noexcept {
  page = std::move(other.page);
  content = std::move(other.content);
  gray = std::move(other.gray);
  capture = std::move(other.capture);
  zone = other.zone;
  content.gray = &gray;
  return *this;
}

namespace {

/// A page with lines that may be a machine-readable zone's. Print is faster read than a zone is searched for in vain: that waits until
/// the print has not told a type without one.
Result<void> recognise_with_zone(const Flat& flat, const imaging::Image& input, const ReadOptions& options, const Deadline& deadline,
                                 PageWork& out, std::optional<int>& turns) {
  AX_TRY(auto reader, PrintReader::start(flat.layout, std::nullopt, true, deadline));
  AX_CHECK(reader.read(false, deadline));
  Page seen;
  seen.side = out.content.side;
  seen.rows = reader.print().rows;
  const auto match = best_type(seen);
  const bool told = match.score >= kSureWithoutZone && match.type->type != Type::passport && match.type->type != Type::mrz_card;
  if (!told) find_zone(flat, input, options, deadline, out, turns);
  // The zone says surely which way is up.
  if (turns && *turns != reader.quarter_turns()) return recognise(flat, turns, deadline, out);
  if (!out.content.mrz) AX_CHECK(reader.read(true, deadline));
  return take(flat, reader.print(), deadline, out);
}

}  // namespace

TypeMatch best_type(const Page& page) {
  TypeMatch best;
  for (const TypeReader* t : all_types()) {
    const double score = t->score(page);
    if (score > best.score) best = {t, score};
  }
  return best;
}

Result<void> prepare_page(const imaging::Image& input, Side side, const ReadOptions& options, const Deadline& deadline, PageWork& out) {
  const auto sighting = look_for_documents(input, 6);
  const auto& outlines = sighting.outlines;
  auto capture = appraise_capture(input, sighting);
  if (deadline.passed()) return Errc::request_timeout;
  std::vector<imaging::Quad> tries;
  for (std::size_t i = 0; i < std::min<std::size_t>(2, outlines.size()); ++i) tries.push_back(outlines[i].quad);
  tries.push_back(imaging::quad_of({0, 0, input.width, input.height}));

  PageWork best;
  double best_score = -1;
  bool best_cut = false;
  bool settled = false;
  for (std::size_t i = 0; i < tries.size() && !settled; ++i) {
    const Size size = size_of(tries[i]);
    Flat flat{imaging::warp(input, tries[i], size.width, size.height), tries[i], {}};
    flat.layout = find_layout(imaging::to_gray(flat.image));
    if (deadline.passed()) return Errc::request_timeout;
    const bool cut = i + 1 < tries.size() && (cuts_print(flat.layout) || outlines[i].step < kLeastStep);
    const auto fresh = [&] {
      PageWork w;
      w.page.side = w.content.side = side;
      w.page.outline_found = i + 1 < tries.size();
      return w;
    };
    PageWork tried = fresh();
    std::optional<int> turns;
    const bool looked = may_hold_zone(flat.layout);
    if (looked) {
      AX_CHECK(recognise_with_zone(flat, input, options, deadline, tried, turns));
    } else {
      AX_CHECK(recognise(flat, turns, deadline, tried));
    }
    double score = best_type(tried.content).score;
    if (score < kSureOfType && !looked) {
      // A zone too faint for its lines to be seen as such.
      if (PageWork other = fresh(); find_zone(flat, input, options, deadline, other, turns)) {
        AX_CHECK(recognise(flat, turns, deadline, other));
        score = best_type(other.content).score;
        tried = std::move(other);
      }
    }
    if (score < kSureOfType && !turns) {
      // The print may be too faint for the quick way, or the page may lie the other way up.
      if (PageWork other = fresh(); !legible(tried.content.rows) && flat.layout.lines.size() >= 3) {
        AX_CHECK(recognise(flat, (tried.page.quarter_turns + 2) % 4, deadline, other));
        if (const double turned_score = best_type(other.content).score; turned_score > score) {
          tried = std::move(other);
          score = turned_score;
        }
      }
      if (score < kSureOfType) {
        const auto quick = tried.content.rows;
        AX_CHECK(read_thoroughly(deadline, tried));
        if (const double slow = best_type(tried.content).score; slow >= score) {
          score = slow;
        } else {
          tried.content.rows = quick;
        }
      }
    }
    if (score > best_score) {
      best_score = score;
      best_cut = cut;
      best = std::move(tried);
    }
    settled = best_score >= kSureOfType && !best_cut;
  }
  out = std::move(best);
  out.capture = std::move(capture);
  out.page.quality = out.capture.quality;
  return {};
}

Result<void> read_thoroughly(const Deadline& deadline, PageWork& work) {
  AX_TRY(work.content.rows, read_sparse(work.gray, deadline));
  // What the quick way found stays found.
  for (auto& n : find_numbers(work.gray, work.content.rows, deadline)) {
    // The same number may be printed twice: each place counts.
    const auto middle = n.box();
    const bool known = std::ranges::any_of(work.content.numbers, [&](const GroupedNumber& k) {
      const auto b = k.box();
      const int x = middle.x + middle.width / 2;
      const int y = middle.y + middle.height / 2;
      return k.digits == n.digits && x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height;
    });
    if (!known) work.content.numbers.push_back(std::move(n));
  }
  return {};
}

}  // namespace authx::document
