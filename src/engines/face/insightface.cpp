#include "engines/face/insightface.h"

#include <cmath>

namespace authx::face {
namespace {

constexpr int kLandmarkSize = 192;
constexpr int kAttributeSize = 96;

Result<inference::Run> run_on(const inference::Model& model, const cv::Mat& bgr, const Similarity& to_crop, int size) {
  AX_TRY(auto run, model.start({1, 3, size, size}));
  Normalisation n;
  if (!model.info().normalises) n.mean = {127.5f, 127.5f, 127.5f}, n.scale = {1 / 128.0f, 1 / 128.0f, 1 / 128.0f};
  write_planar(warp_crop(bgr, to_crop, size), run.input(), n);
  AX_CHECK(run.execute());
  if (run.outputs() == 0) return Error{Errc::internal, model.info().id + ": no output"};
  return run;
}

Result<std::vector<Point3>> fit(const inference::Model& model, const cv::Mat& bgr, const Box& box, std::size_t count, std::size_t values) {
  const Similarity to_crop = box_crop(box, kLandmarkSize);
  AX_TRY(auto run, run_on(model, bgr, to_crop, kLandmarkSize));
  auto points = decode_landmarks(run.output(0).data, count, values, kLandmarkSize, to_crop);
  if (points.empty()) return Error{Errc::internal, model.info().id + ": unexpected output"};
  return points;
}

}  // namespace

Similarity box_crop(const Box& box, int size, double context) {
  const double scale = size / (context * std::max({static_cast<double>(box.width), static_cast<double>(box.height), 1.0}));
  return {scale, 0, size / 2.0 - scale * (box.x + box.width / 2), size / 2.0 - scale * (box.y + box.height / 2)};
}

std::vector<Point3> decode_landmarks(std::span<const float> output, std::size_t count, std::size_t values, int size,
                                     const Similarity& to_crop) {
  if (output.size() < count * values || output.size() % values != 0) return {};
  const auto rows = output.last(count * values);
  const Similarity back = to_crop.inverse();
  const float half = static_cast<float>(size) / 2;
  std::vector<Point3> points;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = rows.subspan(i * values, values);
    const Point p = back({(row[0] + 1) * half, (row[1] + 1) * half});
    const float z = values > 2 ? row[2] * half * static_cast<float>(back.scale()) : 0;
    if (!std::isfinite(p.x) || !std::isfinite(p.y) || !std::isfinite(z)) return {};
    points.push_back({p.x, p.y, z});
  }
  return points;
}

Result<std::vector<Point3>> fit_106(const inference::Model& model, const cv::Mat& bgr, const Box& box) {
  return fit(model, bgr, box, 106, 2);
}
Result<std::vector<Point3>> fit_68(const inference::Model& model, const cv::Mat& bgr, const Box& box) {
  return fit(model, bgr, box, 68, 3);
}

std::optional<Attributes> decode_attributes(std::span<const float> output) {
  if (output.size() != 3 || !std::ranges::all_of(output, [](float v) { return std::isfinite(v); })) return std::nullopt;
  return Attributes{.male = output[1] > output[0], .age = std::clamp(output[2] * 100, 0.0f, 120.0f)};
}

Result<std::optional<Attributes>> fit_attributes(const inference::Model& model, const cv::Mat& bgr, const Box& box) {
  AX_TRY(auto run, run_on(model, bgr, box_crop(box, kAttributeSize), kAttributeSize));
  return decode_attributes(run.output(0).data);
}

}  // namespace authx::face
