#include "engines/face/detector.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "engines/face/align.h"
#include "engines/face/decode.h"

namespace authx::face {
namespace {

Error late() { return Error{Errc::request_timeout, "face detection ran out of time"}; }

int up_to(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

/// The letterboxed input of one pass: where the picture lies on the canvas.
struct Detector::Canvas {
  int width = 0, height = 0;
  double scale = 1;  ///< canvas pixels per image pixel
  int offset_x = 0, offset_y = 0;

  /// Long side `side`, the other one of a few sizes, so that a handful of compiled networks serve all pictures.
  static Canvas fitting(cv::Size image, int side, bool square) {
    Canvas c;
    const int longest = std::max(image.width, image.height), shortest = std::min(image.width, image.height);
    c.scale = static_cast<double>(side) / longest;
    int other = side;
    if (!square) {
      const int needed = static_cast<int>(std::ceil(shortest * c.scale));
      const int step = side / 5;  // 64 at 320, 128 at 640: multiples of 32
      other = std::clamp(up_to(needed, step), 3 * step, side);
    }
    (image.width >= image.height ? c.width : c.height) = side;
    (image.width >= image.height ? c.height : c.width) = other;
    return c;
  }

  void centre(cv::Size image) {
    offset_x = (width - static_cast<int>(std::lround(image.width * scale))) / 2;
    offset_y = (height - static_cast<int>(std::lround(image.height * scale))) / 2;
  }

  void fill(const cv::Mat& bgr, std::span<float> out, const Normalisation& n) const {
    const cv::Size size{std::clamp(static_cast<int>(std::lround(bgr.cols * scale)), 1, width - offset_x),
                        std::clamp(static_cast<int>(std::lround(bgr.rows * scale)), 1, height - offset_y)};
    cv::Mat drawn = cv::Mat::zeros(height, width, CV_8UC3);
    shrink(bgr, size).copyTo(drawn(cv::Rect{{offset_x, offset_y}, size}));
    write_planar(drawn, out, n);
  }

  void to_image(std::vector<DetectedFace>& faces, cv::Point2f origin) const {
    const auto s = static_cast<float>(1 / scale);
    const auto move = [&](Point p) {
      return Point{(p.x - static_cast<float>(offset_x)) * s + origin.x, (p.y - static_cast<float>(offset_y)) * s + origin.y};
    };
    for (auto& f : faces) {
      const Point corner = move({f.box.x, f.box.y});
      f.box = {corner.x, corner.y, f.box.width * s, f.box.height * s};
      for (auto& p : f.points) p = move(p);
    }
  }
};

Result<Detector> Detector::create(std::shared_ptr<const inference::Model> model, std::optional<float> threshold, std::size_t max_faces) {
  Detector d;
  const std::string_view id = model->info().id;
  if (id.starts_with("blazeface")) {
    d.kind_ = Kind::blazeface;
  } else if (id.starts_with("yunet")) {
    d.kind_ = Kind::yunet;
  } else if (id.starts_with("scrfd")) {
    d.kind_ = Kind::scrfd;
  } else {
    return Error{Errc::capability_unavailable, fmt::format("detector {} is of no known kind", id)};
  }
  d.threshold_ = threshold.value_or(d.kind_ == Kind::yunet ? 0.6f : 0.5f);
  d.max_faces_ = max_faces;
  d.model_ = std::move(model);
  return d;
}

Result<std::vector<DetectedFace>> Detector::run(const cv::Mat& bgr, const Canvas& canvas, cv::Point2f origin) const {
  Normalisation n;
  switch (kind_) {
    case Kind::yunet: n.rgb = false; break;
    case Kind::scrfd:
      if (!model_->info().normalises) n.mean = {127.5f, 127.5f, 127.5f}, n.scale = {1 / 128.0f, 1 / 128.0f, 1 / 128.0f};
      break;
    case Kind::blazeface: n.mean = {127.5f, 127.5f, 127.5f}, n.scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}; break;
  }
  AX_TRY(auto r, model_->start({1, 3, canvas.height, canvas.width}));
  canvas.fill(bgr, r.input(), n);
  AX_CHECK(r.execute());
  std::vector<inference::TensorView> outputs;
  for (std::size_t i = 0; i < r.outputs(); ++i) outputs.push_back(r.output(i));
  std::vector<DetectedFace> faces;
  switch (kind_) {
    case Kind::yunet: faces = suppress(decode_yunet(outputs, canvas.width, canvas.height, threshold_), 0.3f, false); break;
    case Kind::scrfd: faces = suppress(decode_scrfd(outputs, canvas.width, canvas.height, threshold_), 0.4f, false); break;
    case Kind::blazeface: faces = suppress(decode_blazeface(outputs, threshold_), 0.3f, true); break;
  }
  canvas.to_image(faces, origin);
  return faces;
}

Detector::Canvas Detector::canvas(cv::Size size, int side) const {
  if (kind_ != Kind::blazeface) return Canvas::fitting(size, side, false);
  Canvas c = Canvas::fitting(size, 256, true);
  c.centre(size);
  return c;
}

/// The picture small in the middle of a wide border: finds faces that fill the frame.
Detector::Canvas Detector::padded(cv::Size size) const {
  Canvas c = Canvas::fitting(size, kind_ == Kind::blazeface ? 256 : 320, true);
  c.scale *= 0.5;
  c.centre(size);
  return c;
}

/// 640, or overlapping quarters for a detector of one size.
Result<std::vector<DetectedFace>> Detector::fine(const cv::Mat& bgr) const {
  if (kind_ != Kind::blazeface) return run(bgr, canvas(bgr.size(), 640), {});
  std::vector<DetectedFace> all;
  const int w = std::max(1, bgr.cols * 5 / 8), h = std::max(1, bgr.rows * 5 / 8);
  for (const cv::Point corner :
       {cv::Point{0, 0}, cv::Point{bgr.cols - w, 0}, cv::Point{0, bgr.rows - h}, cv::Point{bgr.cols - w, bgr.rows - h}}) {
    const cv::Mat part = bgr(cv::Rect{corner, cv::Size{w, h}});
    AX_TRY(auto found, run(part, canvas(part.size(), 256), corner));
    all.insert(all.end(), found.begin(), found.end());
  }
  return suppress(std::move(all), 0.3f, false);
}

void Detector::order(std::vector<DetectedFace>& faces, cv::Size size) const {
  const float cx = static_cast<float>(size.width) / 2, cy = static_cast<float>(size.height) / 2, reach = std::hypot(cx, cy);
  const auto rank = [&](const DetectedFace& f) {
    const float away = std::hypot(f.box.x + f.box.width / 2 - cx, f.box.y + f.box.height / 2 - cy) / std::max(reach, 1.0f);
    return f.score * std::sqrt(std::max(f.box.area(), 0.0f)) * (1 - 0.5f * std::min(away, 1.0f));
  };
  std::ranges::sort(faces, [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
  if (faces.size() > max_faces_) faces.resize(max_faces_);
}

Result<std::vector<DetectedFace>> Detector::find_main(const cv::Mat& bgr, const Deadline& deadline) const {
  AX_TRY(auto faces, run(bgr, canvas(bgr.size(), 320), {}));
  if (faces.empty() && !deadline.passed()) {
    AX_TRY(faces, fine(bgr));
  }
  if (faces.empty() && !deadline.passed()) {
    AX_TRY(faces, run(bgr, padded(bgr.size()), {}));
  }
  order(faces, bgr.size());
  if (deadline.passed()) return late();
  return faces;
}

Result<std::vector<DetectedFace>> Detector::find_all(const cv::Mat& bgr, const Deadline& deadline) const {
  AX_TRY(auto faces, run(bgr, canvas(bgr.size(), 320), {}));
  if (deadline.passed()) return late();
  AX_TRY(const auto more, fine(bgr));
  faces.insert(faces.end(), more.begin(), more.end());
  if (faces.empty()) {
    AX_TRY(faces, run(bgr, padded(bgr.size()), {}));
  }
  faces = suppress(std::move(faces), 0.3f, false);
  order(faces, bgr.size());
  if (deadline.passed()) return late();
  return faces;
}

}  // namespace authx::face
