#include <cstdlib>

#include "engines/document/mrz_decode.h"
#include "engines/document/mrz_image.h"

namespace {

constexpr authx::Date kToday{std::chrono::year{2025}, std::chrono::June, std::chrono::day{1}};

void check(const authx::document::Mrz& m) {
  using namespace authx::document;
  if (static_cast<int>(m.lines.size()) != mrz_line_count(m.format)) std::abort();
  for (const auto& line : m.lines) {
    if (static_cast<int>(line.size()) != mrz_line_length(m.format)) std::abort();
  }
  for (const auto& d : m.doubts) {
    if (d.line >= mrz_line_count(m.format) || d.column >= mrz_line_length(m.format) || !(d.probability >= 0 && d.probability <= 1))
      std::abort();
  }
}

}  // namespace

// The first byte chooses: a picture, its width next, gray pixels after; or a zone's scores, one byte each, repeated to fill.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  if (size < 3) return 0;
  if (data[0] % 2 == 0) {
    imaging::Image image;
    image.channels = 1;
    image.width = 60 + data[1] % 200;
    image.height = 20 + data[2] % 60;
    image.pixels.resize(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height), 200);
    for (std::size_t i = 0; i < std::min(image.pixels.size(), size - 3); ++i) image.pixels[i] = data[3 + i];
    const auto zone = document::read_mrz(image, kToday, Deadline::after(std::chrono::seconds{20}));
    if (zone) {
      check(zone->mrz);
      if (!(zone->confidence >= 0 && zone->confidence <= 1)) std::abort();
    }
    return 0;
  }
  static constexpr std::pair<int, int> kShapes[] = {{3, 30}, {2, 36}, {2, 44}, {2, 30}};
  const auto [lines, length] = kShapes[data[1] % 4];
  document::MrzScores scores(static_cast<std::size_t>(lines));
  std::size_t at = 0;
  for (auto& line : scores) {
    line.resize(static_cast<std::size_t>(length));
    for (auto& cell : line) {
      // A byte names the likeliest character, the next how likely it is and what comes second.
      const std::uint8_t a = data[2 + at++ % (size - 2)];
      const std::uint8_t b = data[2 + at++ % (size - 2)];
      cell.fill(-12.0F);
      cell[b % document::GlyphNet::kClasses] = -0.02F * static_cast<float>(b);
      cell[a % document::GlyphNet::kClasses] = -0.1F;
    }
  }
  const auto decoded = document::decode_mrz(scores, kToday);
  if (!decoded.mrz.lines.empty()) check(decoded.mrz);
  return 0;
}
