#include "engines/iris/extract.h"

#include <algorithm>

#include "engines/iris/encode.h"
#include "engines/iris/matcher.h"
#include "engines/iris/quality.h"
#include "engines/iris/segment.h"

namespace authx::iris {
namespace {

constexpr double kLeastRadius = 20;  // pixels of the given image

Contour in_given_image(Contour c, float scale) {
  c.x = (c.x + 0.5f) / scale - 0.5f, c.y = (c.y + 0.5f) / scale - 0.5f;
  for (float& r : c.radius) r /= scale;
  return c;
}

Error refuse(Issue issue) { return Error::invalid("image", std::string{to_string(issue)}); }

}  // namespace

Result<Extraction> extract(const imaging::Image& image, Eye side, const Deadline& deadline) {
  AX_TRY(const EyeImage eye, prepare(image));
  AX_TRY(Segmentation s, find_borders(eye));
  if (deadline.passed()) return Errc::request_timeout;
  if (s.limbus.mean_radius() < kLeastRadius * eye.scale) return refuse(Issue::too_small);
  mask_occlusions(eye, s);
  const Sheet sheet = unroll(eye, s);
  if (deadline.passed()) return Errc::request_timeout;
  Extraction out;
  out.iris.eye = side, out.iris.light = eye.light;
  out.iris.code = encode(sheet);
  // Two images of one eye share less than either has.
  if (out.iris.code.usable_bits() < 2 * kLeastBits) return refuse(Issue::occluded);
  out.quality = appraise(eye, s);
  out.iris.quality = static_cast<std::uint8_t>(out.quality.score);
  out.cues = presentation_cues(eye, s, sheet);
  out.pupil = in_given_image(s.pupil, eye.scale), out.limbus = in_given_image(s.limbus, eye.scale);
  out.confidence = s.confidence;
  return out;
}

}  // namespace authx::iris
