#include "engines/fingerprint/extract.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engines/fingerprint/flow_analysis.h"
#include "engines/fingerprint/quality.h"
#include "engines/fingerprint/ridge_map.h"
#include "engines/fingerprint/skeleton.h"
#include "imaging/geometry.h"
#include "imaging/mat.h"

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr std::size_t kMaxKept = 90;

/// Minutiae that stand in a crowd are mostly scars and noise.
std::vector<Minutia> to_minutiae(const std::vector<LineEnd>& ends) {
  std::vector<std::pair<float, Minutia>> rated;
  for (const LineEnd& e : ends) {
    int crowd = 0;
    bool doubled = false;
    for (const LineEnd& o : ends) {
      if (&o == &e) continue;
      const float dx = o.x - e.x, dy = o.y - e.y, square = dx * dx + dy * dy;
      if (square < 18 * 18) ++crowd;
      if (square < 5 * 5 && (o.certainty > e.certainty || (o.certainty == e.certainty && &o < &e))) doubled = true;
    }
    if (doubled) continue;
    const float quality = e.certainty / (1 + 0.35f * static_cast<float>(std::max(0, crowd - 1)));
    const auto angle = static_cast<std::uint8_t>(std::lround(-e.angle * 256 / (2 * kPi)) & 255);
    rated.push_back({quality, Minutia{static_cast<std::int16_t>(std::lround(e.x)), static_cast<std::int16_t>(std::lround(e.y)), angle,
                                      e.ridge ? MinutiaType::ending : MinutiaType::bifurcation,
                                      static_cast<std::uint8_t>(std::clamp(std::lround(100 * quality), 1L, 100L))}});
  }
  std::ranges::sort(rated, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : std::pair{a.second.y, a.second.x} < std::pair{b.second.y, b.second.x};
  });
  if (rated.size() > kMaxKept) rated.resize(kMaxKept);
  std::vector<Minutia> out;
  for (const auto& r : rated) out.push_back(r.second);
  return out;
}

FlowGrid to_flow(const RidgeMap& map) {
  FlowGrid grid;
  grid.columns = map.mask.cols, grid.rows = map.mask.rows;
  for (int y = 0; y < grid.rows; ++y) {
    for (int x = 0; x < grid.columns; ++x) {
      const int code = static_cast<int>(std::lround(map.angle(y, x) * 254 / kPi)) % 254;
      grid.cells.push_back(map.mask(y, x) == 0 ? FlowGrid::kNoFlow : static_cast<std::uint8_t>(code));
    }
  }
  return grid;
}

RidgeBits to_bits(const RidgeMap& map) {
  RidgeBits bits;
  bits.columns = map.enhanced.cols / RidgeBits::kStep, bits.rows = map.enhanced.rows / RidgeBits::kStep;
  bits.words.assign(bits.stride() * static_cast<std::size_t>(bits.rows), 0);
  for (int y = 0; y < bits.rows; ++y) {
    const float *a = map.enhanced[2 * y], *b = map.enhanced[2 * y + 1];
    std::uint64_t* row = bits.words.data() + static_cast<std::size_t>(y) * bits.stride();
    for (int x = 0; x < bits.columns; ++x) {
      if (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] > 0) row[x / 64] |= std::uint64_t{1} << (x % 64);
    }
  }
  return bits;
}

}  // namespace

Result<Extraction> extract(const imaging::Image& image, int dpi, const Deadline& deadline) {
  if (image.empty()) return Error::invalid("image", "is empty");
  const imaging::Image gray = image.channels == 1 ? imaging::Image{} : imaging::to_gray(image);
  AX_TRY(const RidgeMap map, map_ridges(imaging::as_mat(image.channels == 1 ? image : gray), dpi, deadline));
  Extraction out;
  out.finger.width = static_cast<std::uint16_t>(map.width), out.finger.height = static_cast<std::uint16_t>(map.height);
  out.finger.minutiae = to_minutiae(find_line_ends(map));
  out.finger.flow = to_flow(map);
  out.finger.ridges = to_bits(map);
  if (deadline.passed()) return Errc::request_timeout;
  describe(out.finger);
  out.quality = appraise(map, static_cast<int>(out.finger.minutiae.size()));
  out.finger.quality = static_cast<std::uint8_t>(out.quality.score);
  out.singular_points = find_singular_points(map);
  out.finger.pattern = classify(map, out.singular_points);
  out.cues = presentation_cues(map);
  return out;
}

}  // namespace authx::fingerprint
