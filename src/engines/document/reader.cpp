#include "engines/document/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <numbers>
#include <opencv2/core.hpp>
#include <span>

#include "engines/document/aadhaar.h"
#include "engines/document/authenticity/authenticity.h"
#include "engines/document/codes/code.h"
#include "engines/document/conclude.h"
#include "engines/document/evidence/code_evidence.h"
#include "engines/document/evidence/merge.h"
#include "engines/document/lines.h"
#include "engines/document/number_lines.h"
#include "engines/document/outline.h"
#include "engines/document/page.h"
#include "engines/document/rules.h"
#include "engines/document/secrets.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostRows = 8;  ///< of digits that are read anywhere on a picture of a document
constexpr std::size_t kMostRowsOfUnknown = 24;
constexpr double kSmallDocument = 850;  ///< pixels; print on it is looked at enlarged

/// The one type that the pages are of together; null when none is sure.
TypeMatch type_of(const std::vector<PageWork>& pages) {
  TypeMatch best;
  for (const TypeReader* t : all_types()) {
    double score = 0;
    for (const auto& p : pages) score = std::max(score, t->score(p.content));
    if (score > best.score) best = {t, score};
  }
  if (best.score < kSureOfType) best.type = nullptr;
  return best;
}

/// Puts the front first when the two pictures were given the other way round, and says whether the sides belong together.
void pair_sides(std::vector<PageWork>& pages, const TypeReader* type, Reading& reading) {
  if (pages.size() < 2 || type == nullptr) return;
  const auto lies_back = [&](const PageWork& p) { return type->is_back != nullptr && type->is_back(p.content); };
  if (lies_back(pages[0]) && !lies_back(pages[1])) {
    std::swap(pages[0], pages[1]);
    pages[0].page.side = pages[0].content.side = Side::front;
    pages[1].page.side = pages[1].content.side = Side::back;
    Finding f{"sides_in_order", Outcome::failed, "The back was given as the front; they were exchanged", CheckKind::capture, Weight::note};
    reading.findings.push_back(std::move(f));
  }
  const auto other = best_type(pages[1].content);
  const auto own = best_type(pages[0].content);
  bool agree = true;
  std::string why = "The two sides are of different kinds of documents";
  if (own.score >= kSureOfType && other.score >= kSureOfType && own.type != other.type) agree = false;
  const auto numbers = [](const PageWork& p) {
    std::vector<std::string> out;
    for (const auto& n : p.content.numbers) {
      if (n.digits.size() == 12 && (n.valid() || n.masked())) out.push_back(n.digits.substr(8));
    }
    return out;
  };
  const auto front = numbers(pages[0]);
  const auto back = numbers(pages[1]);
  if (agree && !front.empty() && !back.empty() &&
      std::ranges::none_of(front, [&](const std::string& n) { return std::ranges::find(back, n) != back.end(); })) {
    agree = false;
    why = "The two sides show different numbers";
  }
  Finding f{"sides_agree", agree ? Outcome::passed : Outcome::failed, agree ? "The two sides belong together" : why, CheckKind::consistency,
            Weight::review};
  reading.findings.push_back(std::move(f));
}

Result<void> extract_all(const TypeReader& type, std::vector<PageWork>& pages, const ReadOptions& options, const Deadline& deadline,
                         Reading& reading) {
  for (auto& p : pages) {
    const Extraction out{reading, p.page, options.today, deadline};
    type.extract(p.content, out);
    if (deadline.passed()) return Errc::request_timeout;
  }
  return {};
}

bool lacks_fields(const Reading& r, const TypeReader& type) {
  return std::ranges::any_of(type.required, [&](std::string_view name) {
    const Field* f = r.find(name);
    if (f == nullptr && name == "dob") f = r.find("year_of_birth");
    return f == nullptr || !f->valid || f->confidence < 0.4;
  });
}

/// Reads the fields; when one that the type must have is missing, once more from a thorough reading of the same pages.
Result<void> read_fields(const TypeReader& type, std::vector<PageWork>& pages, const ReadOptions& options, const Deadline& deadline,
                         Reading& reading) {
  Reading quick = reading;
  AX_CHECK(extract_all(type, pages, options, deadline, quick));
  const bool only_back = pages.size() == 1 && type.is_back != nullptr && type.is_back(pages[0].content);
  if (!lacks_fields(quick, type) || only_back) {
    reading = std::move(quick);
    return {};
  }
  bool again = false;
  std::vector<std::vector<Row>> before;
  for (auto& p : pages) {
    before.push_back(p.content.rows);
    if (p.content.mrz) continue;
    AX_CHECK(read_thoroughly(deadline, p));
    again = true;
  }
  Reading slow = reading;
  if (again) AX_CHECK(extract_all(type, pages, options, deadline, slow));
  if (again && confidence_of(slow, type) > confidence_of(quick, type)) {
    // What only the quick reading found is kept.
    for (const auto& f : quick.fields) {
      if (slow.find(f.name) == nullptr) slow.fields.push_back(f);
    }
    reading = std::move(slow);
  } else {
    for (std::size_t i = 0; i < pages.size(); ++i) pages[i].content.rows = std::move(before[i]);
    reading = std::move(quick);
  }
  return {};
}

/// Directions that print may run at, from the outlines that were found, within a quarter turn.
std::vector<double> directions_of(const std::vector<imaging::Quad>& outlines) {
  std::vector<double> out;
  for (const auto& q : outlines) {
    double a = std::atan2(q[1].y - q[0].y, q[1].x - q[0].x) * 180 / std::numbers::pi;
    a = std::remainder(a, 90);
    if (std::ranges::none_of(out, [&](double b) { return std::abs(std::remainder(a - b, 90)) < 3; })) out.push_back(a);
  }
  return out;
}

/// Whether the print beside the number says that this is an Aadhaar document, and with it which way is up.
bool printed_as_aadhaar(const Page& page) {
  Page print = page;
  print.numbers.clear();
  return std::ranges::any_of(all_types(), [&](const TypeReader* t) { return t->type == Type::aadhaar && t->score(print) >= 0.3; });
}

/// Whether words of digits that stand side by side may be a number in part, or one with a digit lost or doubled.
bool may_hold_number(std::span<const Word* const> group) {
  for (std::size_t from = 0; from < group.size(); ++from) {
    std::size_t digits = 0;
    for (std::size_t to = from; to < group.size() && digits < 18; ++to) {
      digits += static_cast<std::size_t>(std::ranges::count_if(group[to]->text, [](unsigned char c) { return std::isalnum(c) != 0; }));
      if ((digits >= 11 && digits <= 13) || (digits >= 15 && digits <= 17)) return true;
    }
  }
  return false;
}

/// Print of the page that was surely read and is no number: no row of marks there needs another look. Places are on the page.
KnownPrint settled_print(const Page& page) {
  constexpr double kSure = 0.88;
  KnownPrint out;
  for (const auto& row : page.rows) {
    imaging::Box run;                // of sure words
    std::size_t size = 0;            // of the run, in letters and digits
    std::vector<const Word*> group;  // of words of digits that end the run
    bool number = false;             // in a group before
    std::string_view before;         // the word before the group
    const auto end_group = [&] {
      // Eleven digits after the office are a driving licence's.
      const bool licence = group.size() == 1 && group[0]->text.size() == 11 && is_licensing_office(before);
      number = number || (!licence && may_hold_number(group));
      group.clear();
    };
    const auto end_run = [&] {
      end_group();
      if (size >= 6 && !number) out.runs.push_back(imaging::quad_of(run));
      run = {};
      size = 0;
      number = false;
    };
    for (const auto& word : row.words) {
      const auto digits = static_cast<std::size_t>(std::ranges::count_if(word.text, [](char c) { return c >= '0' && c <= '9'; }));
      const auto signs = static_cast<std::size_t>(std::ranges::count_if(word.text, [](unsigned char c) { return std::isalnum(c) != 0; }));
      if (word.confidence >= 0.85 && word.text.size() >= 3 && digits < 3) out.words.push_back(imaging::quad_of(word.box));
      if (word.confidence < kSure) {
        end_run();
        continue;
      }
      run = join(run, word.box);
      size += signs;
      if (2 * digits >= signs && signs > 0 && !is_date_or_amount(word.text)) {
        group.push_back(&word);
      } else {
        end_group();
        before = word.text;
      }
    }
    end_run();
  }
  return out;
}

/// The whole of a number, with the paper around it.
imaging::Quad around(const GroupedNumber& n) {
  const auto box = n.box();
  const int pad = std::min(box.width, box.height) / 2;
  return imaging::quad_of({box.x - pad, box.y - pad, box.width + 2 * pad, box.height + 2 * pad});
}

/// Secrets are found on the upright page; what is stored is the input, which may show more than the page. A page that should show an
/// Aadhaar number and does not, or that nobody could read, is searched line by line.
void locate_secrets(const imaging::Image& input, bool aadhaar, const Deadline& deadline, PageWork& p) {
  hide_numbers(p.content.numbers, p.page, printed_as_aadhaar(p.content));
  const imaging::Quad whole = imaging::quad_of({0, 0, p.page.rectified.width, p.page.rectified.height});
  const auto to_input = imaging::homography(whole, p.page.outline);
  auto& hidden = p.page.secret_on_input;
  for (const auto& q : p.page.secret_on_rectified) hidden.push_back(imaging::apply(to_input, q));
  const auto match = best_type(p.content);
  const bool unknown = match.score < kSureOfType;
  const bool expected = aadhaar || unknown || match.type->type == Type::aadhaar;
  const bool located =
      std::ranges::any_of(p.content.numbers, [](const GroupedNumber& n) { return n.digits.size() == 12 && (n.valid() || n.masked()); });
  const imaging::Image gray = imaging::to_gray(input);
  const auto& outline = p.page.outline;
  std::optional<imaging::Box> small;
  if (p.page.outline_found && std::hypot(outline[1].x - outline[0].x, outline[1].y - outline[0].y) < kSmallDocument)
    small = imaging::bounds_of(outline);
  KnownPrint known = settled_print(p.content);
  for (auto* print : {&known.words, &known.runs}) {
    for (auto& q : *print) q = imaging::apply(to_input, q);
  }
  for (const auto& n : p.content.numbers) {
    // One whose check digit is wrong may be a part of a longer one.
    if (n.valid() || n.masked() || n.other) known.places.push_back(imaging::apply(to_input, around(n)));
  }
  if (p.zone) known.places.push_back(*p.zone);
  const auto rows = read_digit_rows(gray, known, unknown ? kMostRowsOfUnknown : kMostRows, deadline, small);
  hidden.insert(hidden.end(), rows.places.begin(), rows.places.end());
  hidden.insert(hidden.end(), rows.hidden.begin(), rows.hidden.end());
  p.page.number_unlocated = unknown && rows.left;
  if (!expected || located || !rows.places.empty()) return;
  known.places.insert(known.places.end(), rows.hidden.begin(), rows.hidden.end());
  NumberSweep sweep;
  sweep.most_lines = 12;
  std::vector<imaging::Quad> outlines{imaging::quad_of({0, 0, input.width, input.height})};
  for (const auto& o : find_outlines(input, 6)) outlines.push_back(o.quad);
  sweep.directions = directions_of(outlines);
  const auto found = sweep_numbers(gray, sweep, known, deadline);
  hidden.insert(hidden.end(), found.places.begin(), found.places.end());
  if (!found.places.empty()) return;
  if (unknown && !aadhaar) {
    // Nothing says that there is a number: what may be one and was not read is hidden.
    hidden.insert(hidden.end(), found.hidden.begin(), found.hidden.end());
  } else {
    const bool covered = !p.page.secret_on_rectified.empty() || !rows.hidden.empty();
    p.page.number_unlocated = !covered;
  }
}

/// Codes on all sides. A zone that was read leaves little to gain from a long search, and only licences carry PDF417.
std::vector<Evidence> find_evidence(const imaging::Image& front, const imaging::Image* back, const std::vector<PageWork>& pages,
                                    const Reading& reading, const ReadOptions& options, const Deadline& deadline) {
  static const TrustStore nobody;
  const TrustStore& trust = options.trust != nullptr ? *options.trust : nobody;
  CodeOptions search;
  search.thorough = !reading.mrz;
  search.pdf417 = reading.type == Type::unknown || reading.type == Type::driving_license;
  std::vector<Evidence> out;
  for (const auto& p : pages) {
    auto found = interpret_codes(find_codes(p.page.input == 0 ? front : *back, search, deadline), p.page.side, trust);
    std::ranges::move(found, std::back_inserter(out));
  }
  return out;
}

void require_issuer(const std::vector<Evidence>& evidence, Weight weight, Reading& reading) {
  for (const auto& e : evidence) {
    const bool fine = e.verified();
    Finding f{"signed_by_configured_issuer", fine ? Outcome::passed : Outcome::failed,
              fine ? "The file is signed by a configured issuer" : "The file is not signed by a configured issuer", CheckKind::signature,
              weight};
    reading.findings.push_back(std::move(f));
  }
}

/// An Aadhaar number may stand in any line that was read, on any document: only its place in `Reading::document_number` holds it whole.
void mask_texts(Reading& reading) {
  for (auto& f : reading.fields) {
    if (f.name == "document_number") continue;  // masked where the type asks for it
    f.value = mask_numbers_in(std::move(f.value));
    f.normalised = mask_numbers_in(std::move(f.normalised));
  }
  for (auto& f : reading.findings) f.explanation = mask_numbers_in(std::move(f.explanation));
  reading.name = mask_numbers_in(std::move(reading.name));
  reading.address = mask_numbers_in(std::move(reading.address));
}

std::string text_of(const std::vector<Row>& rows) {
  std::string out;
  for (const auto& row : rows) out += row.text() + "\n";
  return out;
}

Result<Reading> read_pages(const imaging::Image& front, const imaging::Image* back, const ReadOptions& options, const Deadline& deadline) {
  std::vector<PageWork> pages(back != nullptr && !back->empty() ? 2 : 1);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    AX_CHECK(prepare_page(i == 0 ? front : *back, i == 0 ? Side::front : Side::back, options, deadline, pages[i]));
    pages[i].page.input = i;
    auto& content = pages[i].content;
    // On a page that is surely another type's, the search for rows of digits on the whole picture sees what is stamped on it.
    if (const auto seen = best_type(content); seen.score >= kSureOfType && seen.type->type != Type::aadhaar) continue;
    auto more = find_more_numbers(pages[i].gray, content.rows, content.lines, content.numbers, deadline);
    std::ranges::move(more, std::back_inserter(content.numbers));
  }
  Reading reading;
  const auto match = type_of(pages);
  reading.type_confidence = match.score;
  if (match.type != nullptr) {
    reading.type = match.type->type;
    pair_sides(pages, match.type, reading);
    AX_CHECK(read_fields(*match.type, pages, options, deadline, reading));
  }
  const auto input_of = [&](const PageReading& p) -> const imaging::Image& { return p.input == 0 ? front : *back; };
  for (auto& p : pages) locate_secrets(input_of(p.page), reading.type == Type::aadhaar, deadline, p);
  if (match.type != nullptr) reading.confidence = confidence_of(reading, *match.type);
  auto evidence = find_evidence(front, back, pages, reading, options, deadline);
  require_issuer(options.evidence, Weight::review, reading);
  evidence.insert(evidence.end(), options.evidence.begin(), options.evidence.end());
  for (auto& p : pages) reading.pages.push_back(std::move(p.page));
  merge_evidence(evidence, reading);
  conclude(reading, pages, options);
  std::vector<Finding> traces;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (deadline.passed()) return Errc::request_timeout;
    const std::string text = text_of(pages[i].content.rows);
    AuthenticityInput in;
    in.file = reading.pages[i].input == 0 ? options.front_file : options.back_file;
    if (!in.file.empty()) {
      if (const auto probed = imaging::probe(in.file)) in.format = probed->format;
    }
    in.image = &input_of(reading.pages[i]);
    in.page = &reading.pages[i];
    in.reading = &reading;
    in.today = options.today;
    in.account = options.account;
    in.text = text;
    in.allow_specimens = options.allow_specimens;
    appraise_authenticity(in, traces);
  }
  // Traces in pixels are shown and do not decide.
  for (auto& f : traces)
    if (f.kind == CheckKind::authenticity && f.weight == Weight::review) f.weight = Weight::note;
  std::ranges::move(traces, std::back_inserter(reading.findings));
  mask_texts(reading);
  return reading;
}

}  // namespace

Reading read_evidence(const std::vector<Evidence>& evidence, const ReadOptions& options) {
  Reading reading;
  require_issuer(evidence, Weight::refuse, reading);
  merge_evidence(evidence, reading);
  conclude(reading, {}, options);
  mask_texts(reading);
  return reading;
}

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
