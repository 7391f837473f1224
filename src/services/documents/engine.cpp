#include "services/documents/engine.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace authx::documents {
namespace {

std::vector<unsigned> numbers_of(std::string_view version) {
  std::vector<unsigned> out;
  bool inside = false;
  for (const char c : version) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !inside) out.push_back(0);
    if (digit) out.back() = std::min(out.back() * 10 + static_cast<unsigned>(c - '0'), 100'000'000U);
    inside = digit;
  }
  return out;
}

void mark(Picture& picture, const document::PageReading& page) {
  picture.secrets.insert(picture.secrets.end(), page.secret_on_input.begin(), page.secret_on_input.end());
  picture.may_be_kept = picture.may_be_kept && !page.number_unlocated;
}

/// Codes that hold a number stand on the side that they were found on; of several pages of a side, on the first.
void mark_codes(std::vector<Picture*>& given, const document::Reading& reading) {
  for (const auto& evidence : reading.evidence) {
    if (!evidence.holds_secret || !evidence.place) continue;
    const std::size_t at = evidence.side == document::Side::front ? 0 : 1;
    if (at < given.size()) given[at]->secrets.push_back(*evidence.place);
  }
}

double rank(const document::Reading& reading) {
  return (reading.type == document::Type::unknown ? 0 : 1) + reading.type_confidence + reading.confidence;
}

}  // namespace

bool older(std::string_view a, std::string_view b) { return numbers_of(a) < numbers_of(b); }

Result<document::Reading> read_pictures(std::vector<Picture>& pictures, const document::ReadOptions& options, const Deadline& deadline) {
  if (pictures.empty()) return Error::invalid("image", "the picture is empty");
  const auto read = [&](std::vector<Picture*> given) -> Result<document::Reading> {
    document::ReadOptions with_files = options;
    if (given[0]->file) with_files.front_file = *given[0]->file;
    if (given.size() > 1 && given[1]->file) with_files.back_file = *given[1]->file;
    AX_TRY(auto reading, document::read(given[0]->image, given.size() > 1 ? &given[1]->image : nullptr, with_files, deadline));
    for (const auto& page : reading.pages) mark(*given.at(page.input), page);
    mark_codes(given, reading);
    return reading;
  };
  if (pictures.size() == 1) return read({&pictures[0]});
  if (pictures.size() == 2) return read({&pictures[0], &pictures[1]});
  // More pages than the document has sides: the page that shows most is the document; all are searched for numbers.
  std::vector<document::Reading> readings;
  std::size_t best = 0;
  for (auto& picture : pictures) {
    AX_TRY(auto reading, read({&picture}));
    for (auto& page : reading.pages) page.side = picture.side;
    readings.push_back(std::move(reading));
    if (rank(readings.back()) > rank(readings[best])) best = readings.size() - 1;
  }
  const auto is_back = [&](std::size_t i) { return readings[i].variant == "back"; };
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (i == best || readings[i].type == document::Type::unknown || readings[i].type != readings[best].type || is_back(i) == is_back(best))
      continue;
    return is_back(best) ? read({&pictures[i], &pictures[best]}) : read({&pictures[best], &pictures[i]});
  }
  return std::move(readings[best]);
}

PicturePrint picture_print(const imaging::Image& picture) {
  PicturePrint out;
  const auto gray = imaging::to_gray(picture);
  constexpr int n = 64;
  constexpr std::size_t kept = 16;
  const auto small = imaging::resize(gray, n, n);
  static const auto cosines = [] {
    std::array<std::array<double, n>, kept + 1> table{};
    for (int k = 0; k <= static_cast<int>(kept); ++k)
      for (int x = 0; x < n; ++x)
        table[static_cast<std::size_t>(k)][static_cast<std::size_t>(x)] = std::cos((2 * x + 1) * k * std::numbers::pi / (2 * n));
    return table;
  }();
  std::array<double, kept * kept> low{};  // without the first row and column: they tell of brightness and lighting
  for (std::size_t v = 1; v <= kept; ++v) {
    std::array<double, n> columns{};
    for (int y = 0; y < n; ++y)
      for (int x = 0; x < n; ++x) columns[static_cast<std::size_t>(x)] += small.row(y)[x] * cosines[v][static_cast<std::size_t>(y)];
    for (std::size_t u = 1; u <= kept; ++u) {
      double sum = 0;
      for (std::size_t x = 0; x < n; ++x) sum += columns[x] * cosines[u][x];
      low[(v - 1) * kept + u - 1] = sum;
    }
  }
  auto sorted = low;
  std::ranges::nth_element(sorted, sorted.begin() + kept * kept / 2);
  for (std::size_t i = 0; i < low.size(); ++i)
    if (low[i] > sorted[kept * kept / 2]) out.coarse[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));

  constexpr int side = 32;
  constexpr int edge = 6;  // gray levels; less is noise of compression
  const auto tiny = imaging::resize(gray, side + 1, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const int step = tiny.row(y)[x + 1] - tiny.row(y)[x];
      const unsigned code = step > edge ? 2 : step < -edge ? 0 : 1;
      const auto i = static_cast<std::size_t>(y * side + x);
      out.fine[i / 4] |= static_cast<std::uint8_t>(code << (2 * (i % 4)));
    }
  }
  return out;
}

double fine_difference(const PicturePrint& a, const PicturePrint& b) {
  int apart = 0;
  int seen = 0;
  for (std::size_t i = 0; i < a.fine.size() * 4; ++i) {
    const auto code = [i](const PicturePrint& p) { return p.fine[i / 4] >> (2 * (i % 4)) & 3; };
    if (code(a) == 1 && code(b) == 1) continue;
    seen += 2;
    apart += std::abs(code(a) - code(b));
  }
  return seen == 0 ? 0 : static_cast<double>(apart) / seen;
}

namespace {

/// Places where the print shows an edge.
int edges_of(const PicturePrint& print) {
  int n = 0;
  for (std::size_t i = 0; i < print.fine.size() * 4; ++i) n += (print.fine[i / 4] >> (2 * (i % 4)) & 3) != 1 ? 1 : 0;
  return n;
}

constexpr int kFewestEdges = 60;  ///< of 1,024 places

}  // namespace

bool same_picture(const PicturePrint& a, const PicturePrint& b) {
  if (edges_of(a) < kFewestEdges || edges_of(b) < kFewestEdges) return false;
  int bits = 0;
  for (std::size_t i = 0; i < a.coarse.size(); ++i) bits += std::popcount(static_cast<unsigned>(a.coarse[i] ^ b.coarse[i]));
  return bits <= 2 * kCoarseBits && fine_difference(a, b) <= kFineDifference;
}

}  // namespace authx::documents
