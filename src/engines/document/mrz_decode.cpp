#include "engines/document/mrz_decode.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engines/document/mrz_layout.h"

namespace authx::document {
namespace {

constexpr int kGlyphs = GlyphNet::kGlyphs;
constexpr int kFiller = kGlyphs - 1;
constexpr double kDoubtful = 0.07;         ///< odds against a character from which on it is in doubt
using Cell = std::array<double, kGlyphs>;  ///< probabilities of characters at one place

int index_of(char c) { return c == '<' ? kFiller : c <= '9' ? c - '0' : c - 'A' + 10; }
char char_of(int k) { return GlyphNet::kAlphabet[k]; }
int residue_of(char c) { return (c == '<' ? 0 : c <= '9' ? c - '0' : c - 'A' + 10) % 10; }

bool allowed(MrzSlot slot, int k) {
  const bool digit = k < 10;
  const bool filler = k == kFiller;
  switch (slot) {
    case MrzSlot::letter: return !digit;
    case MrzSlot::digit:
    case MrzSlot::check: return digit || filler;
    case MrzSlot::sex: return filler || k == index_of('M') || k == index_of('F') || k == index_of('X');
    case MrzSlot::any: return true;
  }
  return true;
}

/// How likely a character is at a place before anything was seen, relative to others there.
double prior(MrzFormat format, MrzSlot slot, int line, int column, int k) {
  const char c = char_of(k);
  if (line == 0 && column == 0) {
    switch (format) {
      case MrzFormat::td3: return c == 'P' ? 1 : 0.002;
      case MrzFormat::mrv_a:
      case MrzFormat::mrv_b: return c == 'V' ? 1 : 0.002;
      default: return c == 'I' ? 1 : c == 'A' || c == 'C' ? 0.3 : 0.002;
    }
  }
  if (line == 0 && column == 1) {
    // `<` and D lead by far; O, U, Q and B, which resemble D, hardly occur.
    switch (c) {
      case '<': return 1;
      case 'D': return format == MrzFormat::td3 ? 0.2 : 1;
      case 'O': return format == MrzFormat::td3 ? 0.1 : 0.01;
      case 'U': return 0.02;
      case 'Q':
      case 'B': return 0.01;
      default: return 0.3;
    }
  }
  if (slot != MrzSlot::any) return 1;
  // Issuers avoid letters that look like digits in their numbers.
  switch (c) {
    case 'O': return 0.08;
    case 'I':
    case 'Q': return 0.22;
    default: return k >= 10 && k < kFiller ? 0.75 : 1;
  }
}

/// Relative frequency of letters in names over many languages, flattened.
double letter_prior(int k) {
  static constexpr std::string_view kOften = "AEINORSLMT";
  static constexpr std::string_view kSeldom = "QXW";
  const char c = char_of(k);
  return kOften.find(c) != std::string_view::npos ? 1.5 : kSeldom.find(c) != std::string_view::npos ? 0.4 : 0.9;
}

/// Replaces the cells of a name by their posteriors under its grammar (9303-3, 4.6): forward-backward over states.
void apply_name_grammar(std::span<Cell> cells) {
  enum State { kSurname, kInSurname, kGap, kGiven, kInGiven, kTail, kStates };
  // A name may fill its field, so every state may be the last.
  static constexpr double kNext[kStates][kStates] = {
      {0.86, 0.14, 0, 0, 0, 0},         // letter of the surname
      {0.30, 0, 0.70, 0, 0, 0},         // one filler after it
      {0.0005, 0, 0, 0.90, 0, 0.0995},  // two fillers
      {0, 0, 0, 0.84, 0.16, 0},         // letter of a given name
      {0, 0, 0, 0.35, 0, 0.65},         // one filler after it
      {0, 0, 0, 0.002, 0, 0.998},       // fillers to the end
  };
  const auto emits_letter = [](int s) { return s == kSurname || s == kGiven; };
  const std::size_t n = cells.size();
  std::vector<std::array<double, 2>> mass(n);  // letters, filler
  for (std::size_t i = 0; i < n; ++i) {
    for (int k = 10; k < kFiller; ++k) {
      cells[i][static_cast<std::size_t>(k)] *= letter_prior(k);
      mass[i][0] += cells[i][static_cast<std::size_t>(k)];
    }
    mass[i][1] = cells[i][kFiller];
  }
  const auto emit = [&](std::size_t i, int s) { return mass[i][emits_letter(s) ? 0 : 1] + 1e-12; };
  std::vector<std::array<double, kStates>> forward(n);
  std::vector<std::array<double, kStates>> backward(n);
  const auto scale = [](std::array<double, kStates>& a) {
    double sum = 0;
    for (const double v : a) sum += v;
    for (double& v : a) v /= std::max(sum, 1e-300);
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (int s = 0; s < kStates; ++s) {
      double sum = 0;
      if (i == 0) {
        sum = s == kSurname ? 0.999 : 0.0002;
      } else {
        for (std::size_t from = 0; from < kStates; ++from) sum += forward[i - 1][from] * kNext[from][s];
      }
      forward[i][static_cast<std::size_t>(s)] = sum * emit(i, s);
    }
    scale(forward[i]);
  }
  backward[n - 1].fill(1);
  for (std::size_t i = n - 1; i > 0; --i) {
    for (std::size_t s = 0; s < kStates; ++s) {
      double sum = 0;
      for (std::size_t to = 0; to < kStates; ++to) sum += kNext[s][to] * emit(i, static_cast<int>(to)) * backward[i][to];
      backward[i - 1][s] = sum;
    }
    scale(backward[i - 1]);
  }
  for (std::size_t i = 0; i < n; ++i) {
    double letter = 0;
    double filler = 0;
    for (std::size_t s = 0; s < kStates; ++s) {
      const double p = forward[i][s] * backward[i][s];
      (emits_letter(static_cast<int>(s)) ? letter : filler) += p;
    }
    const double total = std::max(letter + filler, 1e-300);
    for (int k = 0; k < 10; ++k) cells[i][static_cast<std::size_t>(k)] = 0;
    for (int k = 10; k < kFiller; ++k) cells[i][static_cast<std::size_t>(k)] *= letter / total / std::max(mass[i][0], 1e-12);
    cells[i][kFiller] = filler / total;
  }
}

/// A state's code with its weight.
struct Code {
  std::array<int, 3> glyphs{};
  double weight = 0;
};

std::vector<Code> codes_of(std::span<const Cell> cells) {
  std::array<std::vector<int>, 3> choices;
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<int> order;
    for (int k = 10; k < kGlyphs; ++k) order.push_back(k);
    std::ranges::sort(order, std::greater{}, [&](int k) { return cells[i][static_cast<std::size_t>(k)]; });
    choices[i].assign(order.begin(), order.begin() + 8);
  }
  std::vector<Code> out;
  for (const int a : choices[0]) {
    for (const int b : choices[1]) {
      for (const int c : choices[2]) {
        std::string text{char_of(a), char_of(b), char_of(c)};
        while (!text.empty() && text.back() == '<') text.pop_back();
        const double known = known_issuer(text) ? 1 : text.empty() ? 0.3 : 0.04;
        out.push_back({{a, b, c},
                       known * cells[0][static_cast<std::size_t>(a)] * cells[1][static_cast<std::size_t>(b)] *
                           cells[2][static_cast<std::size_t>(c)]});
      }
    }
  }
  std::ranges::sort(out, std::greater{}, &Code::weight);
  if (out.size() > 60) out.resize(60);
  return out;
}

/// Posteriors of issuer and nationality under the list of codes; both are the same state's more often than not.
void apply_codes(std::span<Cell> issuer, std::span<Cell> nationality) {
  const auto a = codes_of(issuer);
  const auto b = codes_of(nationality);
  std::array<Cell, 3> new_issuer{};
  std::array<Cell, 3> new_nationality{};
  double total = 0;
  for (const auto& i : a) {
    for (const auto& n : b) {
      const double w = i.weight * n.weight * (i.glyphs == n.glyphs ? 12 : 1);
      total += w;
      for (std::size_t k = 0; k < 3; ++k) {
        new_issuer[k][static_cast<std::size_t>(i.glyphs[k])] += w;
        new_nationality[k][static_cast<std::size_t>(n.glyphs[k])] += w;
      }
    }
  }
  if (total <= 0) return;
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t g = 0; g < kGlyphs; ++g) {
      issuer[k][g] = new_issuer[k][g] / total;
      nationality[k][g] = new_nationality[k][g] / total;
    }
  }
}

class Decoder {
 public:
  Decoder(MrzFormat format, const MrzScores& scores, Date today)
      : format_(format), layout_(mrz_layout(format)), scores_(scores), today_(today) {}

  MrzDecoded decode() {
    weigh();
    choose();
    MrzDecoded out;
    double sum = 0;
    int count = 0;
    for (std::size_t r = 0; r < lines_.size(); ++r) {
      for (std::size_t c = 0; c < lines_[r].size(); ++c, ++count)
        sum += std::max(-6.0F, scores_[r][c][static_cast<std::size_t>(index_of(lines_[r][c]))]);
    }
    out.mean = sum / count;
    auto plain = parsed(lines_);
    if (!plain) return out;
    out.mrz = *std::move(plain);
    if (failures(out.mrz) > 0) {
      if (auto mended = mend()) {
        out.mrz = *std::move(mended);
        out.mrz.corrected = true;
        lines_ = out.mrz.lines;
      }
    }
    doubt(out);
    return out;
  }

 private:
  /// `parse_mrz` may take two lines of 36 for another layout than the one being tried.
  std::optional<Mrz> parsed(const std::vector<std::string>& lines) const {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    auto m = parse_mrz(text, today_);
    if (!m || (m->format != format_ && format_ != MrzFormat::td2)) return std::nullopt;
    return *std::move(m);
  }

  static std::ptrdiff_t failures(const Mrz& m) {
    return std::ranges::count_if(m.checks, [](const MrzCheck& c) { return !c.passed; });
  }

  /// Scores to probabilities: what the place allows, priors, and a floor, since a classifier is never that sure.
  void weigh() {
    constexpr double kFloor = 0.00002;
    cells_.resize(scores_.size());
    for (std::size_t r = 0; r < scores_.size(); ++r) {
      for (std::size_t c = 0; c < scores_[r].size(); ++c) {
        const auto line = static_cast<int>(r);
        const auto column = static_cast<int>(c);
        const MrzSlot slot = mrz_slot(format_, line, column);
        Cell cell{};
        for (int k = 0; k < kGlyphs; ++k) {
          const auto at = static_cast<std::size_t>(k);
          if (allowed(slot, k))
            cell[at] = (std::exp(static_cast<double>(scores_[r][c][at])) + kFloor) * prior(format_, slot, line, column, k);
        }
        // Some cards of the United States have the document code C1.
        if (r == 0 && c == 1 && format_ == MrzFormat::td1) cell[1] = 0.02 * std::exp(static_cast<double>(scores_[r][c][1]));
        normalise(cell);
        cells_[r].push_back(cell);
      }
    }
    // Fillers come in runs.
    for (std::size_t r = 0; r < cells_.size(); ++r) {
      const auto before = cells_[r];
      for (std::size_t c = 0; c < before.size(); ++c) {
        if (mrz_slot(format_, static_cast<int>(r), static_cast<int>(c)) != MrzSlot::any) continue;
        double bonus = 1;
        if (c > 0) bonus *= 1 + 1.5 * before[c - 1][kFiller];
        if (c + 1 < before.size()) bonus *= 1 + 1.5 * before[c + 1][kFiller];
        cells_[r][c][kFiller] *= bonus;
        normalise(cells_[r][c]);
      }
    }
    apply_name_grammar(part(layout_.name));
    if (!layout_.nationality.empty()) apply_codes(part({0, 2, 5}), part(layout_.nationality));
  }

  static void normalise(Cell& cell) {
    double sum = 0;
    for (const double v : cell) sum += v;
    for (double& v : cell) v /= std::max(sum, 1e-300);
  }

  std::span<Cell> part(const MrzSpan& s) {
    return std::span<Cell>(cells_[static_cast<std::size_t>(s.line)])
        .subspan(static_cast<std::size_t>(s.from), static_cast<std::size_t>(s.to - s.from));
  }

  void choose() {
    lines_.clear();
    for (const auto& row : cells_) {
      std::string line;
      for (const Cell& cell : row) line += char_of(static_cast<int>(std::ranges::max_element(cell) - cell.begin()));
      lines_.push_back(line);
    }
  }

  /// Changes one character, then two, cheapest first; takes the change that mends everything, unless another is nearly as cheap.
  std::optional<Mrz> mend() const {
    struct Change {
      std::size_t row;
      std::size_t column;
      char other;
      double cost;
    };
    std::vector<Change> changes;
    for (std::size_t r = 0; r < cells_.size(); ++r) {
      for (std::size_t c = 0; c < cells_[r].size(); ++c) {
        const double now = cells_[r][c][static_cast<std::size_t>(index_of(lines_[r][c]))];
        if (covering(static_cast<int>(r), static_cast<int>(c)) == 0) continue;
        for (int k = 0; k < kGlyphs; ++k) {
          const double p = cells_[r][c][static_cast<std::size_t>(k)];
          if (char_of(k) == lines_[r][c] || p <= 0) continue;
          // A check digit changed to fit would hide one that was printed wrong.
          const bool check = mrz_slot(format_, static_cast<int>(r), static_cast<int>(c)) == MrzSlot::check;
          const double cost = std::log(now / p) + (check ? 2.5 : 0.0);
          if (cost < 5.5) changes.push_back({r, c, char_of(k), cost});
        }
      }
    }
    std::ranges::sort(changes, {}, &Change::cost);
    if (changes.size() > 30) changes.resize(30);
    std::optional<Mrz> best;
    double best_cost = 7;
    double runner_up = 1e9;
    const auto attempt = [&](const std::vector<std::string>& lines, double cost) {
      auto m = parsed(lines);
      if (!m || failures(*m) != 0) return;
      if (cost < best_cost) {
        runner_up = best ? best_cost : runner_up;
        best_cost = cost;
        best = *std::move(m);
      } else {
        runner_up = std::min(runner_up, cost);
      }
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
      auto one = lines_;
      one[changes[i].row][changes[i].column] = changes[i].other;
      attempt(one, changes[i].cost);
      for (std::size_t j = i + 1; j < changes.size(); ++j) {
        if (changes[i].cost + changes[j].cost > std::min(best_cost + 1.5, 7.0)) break;
        if (changes[i].row == changes[j].row && changes[i].column == changes[j].column) continue;
        auto two = one;
        two[changes[j].row][changes[j].column] = changes[j].other;
        attempt(two, changes[i].cost + changes[j].cost);
      }
    }
    if (best && runner_up - best_cost > 1.0) return best;
    return std::nullopt;
  }

  /// Number of check digits that depend on a place.
  int covering(int line, int column) const {
    const auto in = [&](const MrzSpan& s) { return s.holds(line, column); };
    int n = 0;
    for (const MrzSpan& s : layout_.composite) n += !s.empty() && in(s) ? 1 : 0;
    if (in(layout_.composite_check)) ++n;
    if (in(layout_.number) || in(layout_.number_check)) ++n;
    if (in(layout_.birth) || in(layout_.birth_check)) ++n;
    if (in(layout_.expiry) || in(layout_.expiry_check)) ++n;
    if (!layout_.optional1_check.empty() && (in(layout_.optional1) || in(layout_.optional1_check))) ++n;
    return n;
  }

  void doubt(MrzDecoded& out) const {
    const bool passed = out.mrz.checks_passed();
    // A wrong character that a check digit covers goes unseen only with a second one that makes up for it.
    double unsure = 0;
    for (std::size_t r = 0; r < cells_.size(); ++r) {
      for (std::size_t c = 0; c < cells_[r].size(); ++c) {
        if (covering(static_cast<int>(r), static_cast<int>(c)) > 0)
          unsure += 1 - cells_[r][c][static_cast<std::size_t>(index_of(lines_[r][c]))];
      }
    }
    out.least = 1;
    for (std::size_t r = 0; r < cells_.size(); ++r) {
      for (std::size_t c = 0; c < cells_[r].size(); ++c) {
        const char now = lines_[r][c];
        const Cell& cell = cells_[r][c];
        const double p = std::max(1e-9, cell[static_cast<std::size_t>(index_of(now))]);
        const int checks = passed ? covering(static_cast<int>(r), static_cast<int>(c)) : 0;
        double against = 0;
        double worst = 0;
        char other = '<';
        for (int k = 0; k < kGlyphs; ++k) {
          const char candidate = char_of(k);
          if (candidate == now) continue;
          double odds = cell[static_cast<std::size_t>(k)] / p;
          if (checks > 0 && residue_of(candidate) != residue_of(now))
            odds *= std::pow(std::clamp(unsure * 0.12, 0.003, 0.5), std::min(checks, 2));
          against += odds;
          if (odds > worst) {
            worst = odds;
            other = candidate;
          }
        }
        const double sure = 1 / (1 + against);
        out.least = std::min(out.least, sure);
        if (against > kDoubtful) out.mrz.doubts.push_back({static_cast<int>(r), static_cast<int>(c), other, sure});
      }
    }
  }

  MrzFormat format_;
  const MrzLayout& layout_;
  const MrzScores& scores_;
  Date today_;
  std::vector<std::vector<Cell>> cells_;
  std::vector<std::string> lines_;
};

}  // namespace

MrzDecoded decode_mrz(const MrzScores& scores, Date today) {
  const auto all = [&](std::size_t n) { return std::ranges::all_of(scores, [n](const auto& l) { return l.size() == n; }); };
  if (scores.size() == 3 && all(30)) return Decoder(MrzFormat::td1, scores, today).decode();
  if (scores.size() != 2 || (!all(36) && !all(44))) return {};
  const auto& head = scores[0][0];
  const auto says = [&](char c) { return head[static_cast<std::size_t>(index_of(c))]; };
  if (says('V') > std::max({says('P'), says('I'), says('A'), says('C')}))
    return Decoder(all(44) ? MrzFormat::mrv_a : MrzFormat::mrv_b, scores, today).decode();
  if (all(44)) return Decoder(MrzFormat::td3, scores, today).decode();
  MrzDecoded card = Decoder(MrzFormat::td2, scores, today).decode();
  if (card.mrz.lines.empty() || !card.mrz.lines[0].starts_with("IDFRA") || card.mrz.checks_passed()) return card;
  MrzDecoded french = Decoder(MrzFormat::french_id, scores, today).decode();
  return french.mrz.checks_passed() || french.mean > card.mean ? french : card;
}

}  // namespace authx::document
