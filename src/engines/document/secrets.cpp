#include "engines/document/secrets.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "engines/document/aadhaar.h"
#include "engines/document/number_lines.h"
#include "engines/document/ocr.h"
#include "engines/document/rules.h"
#include "imaging/geometry.h"

namespace authx::document {
namespace {

bool good(std::string_view digits) { return digits.size() == 12 ? aadhaar_valid(digits) : vid_valid(digits); }

/// The digit that a character is, or looks like, or 'X' for a mask; '\0' for anything else, ' ' for punctuation.
char as_place(char c) {
  if (c >= '0' && c <= '9') return c;
  switch (c) {
    case 'X':
    case 'x':
    case '*': return 'X';
    case 'O':
    case 'o':
    case 'Q':
    case 'D': return '0';
    case 'l':
    case 'I':
    case '|':
    case 'i':
    case ']': return '1';
    case 'Z':
    case 'z': return '2';
    case 'A': return '4';
    case 'S':
    case 's': return '5';
    case 'G':
    case 'b': return '6';
    case 'T': return '7';
    case 'B': return '8';
    case 'g':
    case 'q': return '9';
    default: return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80 ? '\0' : ' ';
  }
}

struct Group {
  std::string places;  ///< empty when the word is none
  int real = 0;        ///< characters that are digits or masks as read
};

Group as_group(std::string_view text) {
  Group g;
  for (const char c : text) {
    const char p = as_place(c);
    if (p == '\0') return {};
    if (p == ' ') continue;
    g.places += p;
    g.real += (c >= '0' && c <= '9') || p == 'X' ? 1 : 0;
  }
  if (g.places.size() == 2 * static_cast<std::size_t>(g.real) - 0 && g.real == 0) return {};
  return g;
}

/// Boxes of the groups within a run of words; a word that holds several groups is divided evenly.
void place_groups(const std::vector<Word>& words, std::size_t from, std::size_t to, const std::vector<Group>& groups, GroupedNumber& n) {
  for (std::size_t w = from; w < to; ++w) {
    const auto size = static_cast<int>(groups[w].places.size());
    if (size == 0) continue;
    n.groups.push_back(imaging::quad_of(words[w].box));
    n.sizes.push_back(size);
  }
}

/// "UPI/464213941579" -> "464213941579".
std::string_view without_prefix(std::string_view word) {
  const auto slash = word.rfind('/');
  if (slash == std::string_view::npos || word.size() - slash <= 10) return word;
  const auto prefix = word.substr(0, slash);
  const bool letters = std::ranges::all_of(prefix, [](unsigned char c) { return std::isalpha(c) != 0 || c == '/'; });
  return letters ? word.substr(slash + 1) : word;
}

struct Candidate {
  GroupedNumber number;
  imaging::Box box;
  std::string places;    ///< as read
  double least = 1;      ///< confidence of a word
  bool certain = false;  ///< needs no second look
};

/// The eleven digits after "KL30": a driving licence's, read surely.
bool follows_office(const std::vector<Word>& words, std::size_t from, std::size_t to) {
  if (from == 0 || to != from + 1 || words[from].text.size() != 11 || words[from].confidence < 0.9) return false;
  const auto& before = words[from - 1];
  return before.text.size() == 4 && before.confidence > 0.8 && std::isupper(static_cast<unsigned char>(before.text[0])) != 0 &&
         std::isupper(static_cast<unsigned char>(before.text[1])) != 0;
}

/// Runs of words that hold twelve or sixteen places, or nearly so.
std::vector<Candidate> in_row(const Row& row) {
  std::vector<Group> groups;
  groups.reserve(row.words.size());
  for (const auto& w : row.words)
    groups.push_back(w.confidence >= kSureDigits && is_date_or_amount(w.text) ? Group{} : as_group(without_prefix(w.text)));
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < row.words.size();) {
    if (groups[i].places.empty()) {
      ++i;
      continue;
    }
    std::size_t j = i;
    std::string places;
    int real = 0;
    double sum = 0;
    while (j < row.words.size() && !groups[j].places.empty()) {
      if (j > i) {
        const auto& before = row.words[j - 1].box;
        const auto& here = row.words[j].box;
        if (here.x - (before.x + before.width) > 3 * std::max(before.height, here.height)) break;
      }
      places += groups[j].places;
      real += groups[j].real;
      sum += row.words[j].confidence;
      ++j;
    }
    Candidate c;
    c.number.confidence = sum / static_cast<double>(j - i);
    for (std::size_t w = i; w < j; ++w) {
      c.box = join(c.box, row.words[w].box);
      c.least = std::min(c.least, row.words[w].confidence);
    }
    const std::size_t size = places.size();
    // A stray mark before or after the groups: drop short words at the ends until the length fits.
    std::size_t from = i;
    std::size_t to = j;
    while (to - from > 2 && places.size() > 12 && places.size() != 16) {
      if (groups[from].places.size() < 3) {
        places.erase(0, groups[from++].places.size());
      } else if (groups[to - 1].places.size() < 3) {
        places.resize(places.size() - groups[--to].places.size());
      } else {
        break;
      }
    }
    c.places = places;
    const auto masks = std::ranges::count(places, 'X');
    // "XXXX XXXX 1234" with a mask sign lost or doubled is still a mask.
    const bool masked = masks >= 6 && places.size() >= 10 && places.size() <= 14 && places.size() > 4 &&
                        std::ranges::all_of(places.substr(places.size() - 4), [](char d) { return d != 'X'; });
    if (masked) {
      c.number.digits = "XXXXXXXX" + places.substr(places.size() - 4);
      c.certain = true;
      place_groups(row.words, from, to, groups, c.number);
      out.push_back(std::move(c));
    } else if (masks == 0 && (places.size() == 12 || places.size() == 16)) {
      c.number.digits = places;
      c.certain = good(places);
      place_groups(row.words, from, to, groups, c.number);
      out.push_back(std::move(c));
    } else if (masks <= 2 && real >= 8 && size >= 10 && size <= 19 && !follows_office(row.words, i, j)) {
      place_groups(row.words, from, to, groups, c.number);
      out.push_back(std::move(c));
    }
    i = j;
  }
  return out;
}

bool grouped_by_four(const GroupedNumber& n) {
  return n.groups.size() >= 3 && std::ranges::all_of(n.sizes, [](int s) { return s == 4; });
}

}  // namespace

DigitReading read_digits(const imaging::Image& page, const imaging::Box& box, const Deadline& deadline) {
  DigitReading out;
  for (const int height : {36, 52, 28}) {
    const auto words = ocr_line(page, box, deadline, false, height, "0123456789");
    if (!words) return {};
    GroupedNumber n;
    double sum = 0;
    for (const auto& w : *words) {
      std::string digits;
      for (const char c : w.text) {
        if (c >= '0' && c <= '9') digits += c;
      }
      if (digits.empty()) continue;
      n.digits += digits;
      n.groups.push_back(imaging::quad_of(w.box));
      n.sizes.push_back(static_cast<int>(digits.size()));
      sum += w.confidence;
    }
    if (n.groups.empty()) continue;
    out.seen.push_back(n.digits);
    n.confidence = 0.9 * sum / static_cast<double>(n.groups.size());
    const bool fits = n.digits.size() == 12 || n.digits.size() == 16;
    const bool right = fits && good(n.digits);
    if (right || (fits && !out.number)) out.number = std::move(n);
    if (right) break;
  }
  return out;
}

bool is_date_or_amount(std::string_view word) {
  for (std::size_t i = 1; i + 1 < word.size(); ++i) {
    const bool between =
        std::isdigit(static_cast<unsigned char>(word[i - 1])) != 0 && std::isdigit(static_cast<unsigned char>(word[i + 1])) != 0;
    if (between && (word[i] == ',' || word[i] == '/')) return true;
  }
  return is_plain_date(word);
}

bool may_be_number(const TextLine& l) {
  return l.letters >= 9 && l.letters <= 40 && l.box.width >= 5 * l.box.height && l.box.width <= 20 * l.box.height && l.headline <= 0.88 &&
         l.even >= 0.6;
}

bool GroupedNumber::valid() const { return !masked() && (digits.size() == 12 || digits.size() == 16) && good(digits); }

imaging::Box GroupedNumber::box() const {
  imaging::Box all;
  for (const auto& g : groups) all = join(all, imaging::bounds_of(g));
  return all;
}

std::vector<GroupedNumber> find_numbers(const imaging::Image& gray, const std::vector<Row>& rows, const Deadline& deadline) {
  std::vector<GroupedNumber> out;
  for (const auto& row : rows) {
    for (auto& c : in_row(row)) {
      if (!c.certain) {
        auto again = read_digits(gray, c.box, deadline);
        const bool valid = again.number && again.number->valid();
        if (!valid && again.agrees(c.places, c.least)) {
          c.number.digits = c.places;
          c.number.other = true;
        } else if (again.number && (valid || c.number.digits.empty())) {
          c.number = std::move(*again.number);
        }
      }
      if (!c.number.digits.empty()) out.push_back(std::move(c.number));
    }
  }
  return out;
}

std::vector<GroupedNumber> find_more_numbers(const imaging::Image& gray, const std::vector<Row>& rows, const std::vector<TextLine>& lines,
                                             const std::vector<GroupedNumber>& numbers, const Deadline& deadline) {
  std::vector<GroupedNumber> out;
  const auto clear = [&](const imaging::Box& b) {
    double best = 0;
    for (const auto& row : rows) {
      for (const auto& w : row.words) {
        const int x = w.box.x + w.box.width / 2;
        const int y = w.box.y + w.box.height / 2;
        const auto letters = std::ranges::count_if(w.text, [](unsigned char c) { return std::isalpha(c) != 0; });
        if (x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height && letters >= 3) best = std::max(best, w.confidence);
      }
    }
    return best > 0.6;
  };
  const auto known = [&](const imaging::Box& b) {
    return std::ranges::any_of(numbers, [&](const GroupedNumber& n) {
      const auto o = n.box();
      const int x = o.x + o.width / 2;
      const int y = o.y + o.height / 2;
      return (n.valid() || n.masked() || n.other) && x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height;
    });
  };
  const auto keep = [&](GroupedNumber n, int turns, int width, int height) {
    n.turned = turns != 0;
    // Back from the page turned clockwise by `turns`.
    for (auto& q : n.groups) {
      for (int t = 0, w = width, h = height; t < (4 - turns) % 4; ++t, std::swap(w, h)) {
        for (auto& p : q) p = {h - p.y, p.x};
      }
    }
    out.push_back(std::move(n));
  };
  const auto try_line = [&](const imaging::Image& page, const imaging::Box& b, int turns) {
    const auto words = ocr_line(page, b, deadline);
    if (!words) return false;
    int digits = 0;
    for (const auto& w : *words) digits += static_cast<int>(std::ranges::count_if(w.text, [](char c) { return c >= '0' && c <= '9'; }));
    if (digits < 8) return false;
    auto n = read_digits(page, b, deadline).number;
    if (!n || !n->valid()) return false;
    keep(std::move(*n), turns, page.width, page.height);
    return true;
  };

  imaging::Image half;
  int tried = 0;
  for (const auto& l : lines) {
    if (l.settled || !may_be_number(l) || known(l.box) || clear(l.box) || ++tried > 6) continue;
    if (try_line(gray, l.box, 0)) continue;
    if (half.empty()) half = imaging::rotate_quarter(gray, 2);
    try_line(half, {gray.width - l.box.x - l.box.width, gray.height - l.box.y - l.box.height, l.box.width, l.box.height}, 2);
  }

  // What runs with the page is painted over, so that its letters don't join to false lines across.
  imaging::Image rest = gray;
  for (const auto& l : lines) {
    if (l.letters < 4 || l.box.width < 2 * l.box.height) continue;
    const int pad = l.box.height / 4 + 1;
    for (int y = std::max(0, l.box.y - pad); y < std::min(rest.height, l.box.y + l.box.height + pad); ++y) {
      auto* row = rest.row(y);
      const int from = std::max(0, l.box.x - pad);
      const int to = std::min(rest.width, l.box.x + l.box.width + pad);
      if (from < to) std::fill(row + from, row + to, row[from]);
    }
  }
  const double scale = std::min(1.0, 900.0 / std::max(gray.width, gray.height));
  const imaging::Image upward = imaging::rotate_quarter(rest, 1);
  std::vector<imaging::Box> across;
  for (const auto& l : text_lines(imaging::resize(upward, std::max(8, static_cast<int>(upward.width * scale)),
                                                  std::max(8, static_cast<int>(upward.height * scale))))) {
    const auto far = [&](int v) { return static_cast<int>(std::lround(v / scale)); };
    if (may_be_number(l) && across.size() < 4) across.push_back({far(l.box.x), far(l.box.y), far(l.box.width), far(l.box.height)});
  }
  imaging::Image downward;
  for (const auto& b : across) {
    if (try_line(upward, b, 1)) continue;
    if (downward.empty()) downward = imaging::rotate_quarter(upward, 2);
    try_line(downward, {upward.width - b.x - b.width, upward.height - b.y - b.height, b.width, b.height}, 3);
  }
  return out;
}

void hide_numbers(const std::vector<GroupedNumber>& numbers, PageReading& page, bool printed) {
  auto& out = page.secret_on_rectified;
  for (const auto& n : numbers) {
    if (n.masked() || (n.other && !printed) || (!n.valid() && !grouped_by_four(n))) continue;
    // What came out wrong may be upside down, or lack a digit: all of it is hidden.
    auto hidden = static_cast<int>(n.digits.size()) - (n.valid() && printed && !n.turned ? 4 : 0);
    for (std::size_t g = 0; g < n.groups.size() && hidden > 0; ++g) {
      const int size = n.sizes[g];
      const int take = std::min(hidden, size);
      const imaging::Quad& q = n.groups[g];
      const double share = static_cast<double>(take) / size;
      const auto between = [&](const imaging::Point& a, const imaging::Point& b, double t) {
        return imaging::Point{a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t};
      };
      // A third of the height around; not over the digits that stay when the group is divided.
      const double height = std::hypot(q[0].x - q[3].x, q[0].y - q[3].y);
      const double width = std::max(1.0, std::hypot(q[0].x - q[1].x, q[0].y - q[1].y));
      const double pad = height / 3 + 1;
      const double t0 = -pad / width;
      const double t1 = take == size ? 1 + pad / width : share;
      const double v = pad / std::max(1.0, height);
      const imaging::Point tl = between(q[0], q[1], t0);
      const imaging::Point tr = between(q[0], q[1], t1);
      const imaging::Point bl = between(q[3], q[2], t0);
      const imaging::Point br = between(q[3], q[2], t1);
      out.push_back({between(tl, bl, -v), between(tr, br, -v), between(br, tr, -v), between(bl, tl, -v)});
      hidden -= take;
    }
  }
}

}  // namespace authx::document
