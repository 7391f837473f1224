#include "services/documents/engine.h"

#include <algorithm>
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
    AX_TRY(auto reading, document::read(given[0]->image, given.size() > 1 ? &given[1]->image : nullptr, options, deadline));
    for (std::size_t i = 0; i < reading.pages.size() && i < given.size(); ++i) mark(*given[i], reading.pages[i]);
    mark_codes(given, reading);
    return reading;
  };
  if (pictures.size() == 1) return read({&pictures[0]});
  if (pictures.size() == 2) return read({&pictures[0], &pictures[1]});
  // More pages than the document has sides: the page that shows most is the document; all are searched for numbers.
  std::optional<document::Reading> best;
  for (auto& picture : pictures) {
    AX_TRY(auto reading, read({&picture}));
    for (auto& page : reading.pages) page.side = picture.side;
    if (!best || rank(reading) > rank(*best)) best = std::move(reading);
  }
  return std::move(*best);
}

std::uint64_t picture_print(const imaging::Image& picture) {
  constexpr int n = 32;
  constexpr int kept = 8;
  const auto small = imaging::resize(imaging::to_gray(picture), n, n);
  static const auto cosines = [] {
    std::array<std::array<double, n>, kept + 1> table{};
    for (int k = 0; k <= kept; ++k)
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
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < low.size(); ++i)
    if (low[i] > sorted[kept * kept / 2]) bits |= std::uint64_t{1} << i;
  return bits;
}

}  // namespace authx::documents
