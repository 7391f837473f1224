#include "engines/face/decode.h"

#include <cmath>
#include <map>

namespace authx::face {
namespace {

constexpr std::array kStrides{8, 16, 32};

std::size_t unsigned_of(int n) { return static_cast<std::size_t>(n); }

}  // namespace

std::vector<DetectedFace> decode_yunet(std::span<const inference::TensorView> outputs, int width, int height, float threshold) {
  std::vector<DetectedFace> faces;
  if (outputs.size() != 12) return faces;
  for (std::size_t level = 0; level < kStrides.size(); ++level) {
    const int stride = kStrides[level], columns = width / stride, rows = height / stride;
    const std::size_t cells = unsigned_of(columns) * unsigned_of(rows);
    const auto cls = outputs[level].data, obj = outputs[level + 3].data, box = outputs[level + 6].data, kps = outputs[level + 9].data;
    if (cls.size() != cells || obj.size() != cells || box.size() != 4 * cells || kps.size() != 10 * cells) return {};
    const float s = static_cast<float>(stride);
    for (std::size_t i = 0; i < cells; ++i) {
      const float score = std::sqrt(std::clamp(cls[i], 0.0f, 1.0f) * std::clamp(obj[i], 0.0f, 1.0f));
      if (!(score >= threshold)) continue;
      const float column = static_cast<float>(i % unsigned_of(columns)), row = static_cast<float>(i / unsigned_of(columns));
      const float w = std::exp(std::min(box[i + 2 * cells], 8.0f)) * s, h = std::exp(std::min(box[i + 3 * cells], 8.0f)) * s;
      DetectedFace face{score, {(column + box[i]) * s - w / 2, (row + box[i + cells]) * s - h / 2, w, h}, {}};
      for (std::size_t p = 0; p < 5; ++p)
        face.points[p] = {(column + kps[i + 2 * p * cells]) * s, (row + kps[i + (2 * p + 1) * cells]) * s};
      faces.push_back(face);
    }
  }
  return faces;
}

std::vector<DetectedFace> decode_scrfd(std::span<const inference::TensorView> outputs, int width, int height, float threshold) {
  std::vector<DetectedFace> faces;
  if (outputs.size() != 9) return faces;
  // Exporters order them by kind or by level: their width tells the kind, their size the level.
  std::map<std::int64_t, std::vector<inference::TensorView>> kinds;
  for (const auto& t : outputs) {
    if (t.shape.empty()) return {};
    kinds[t.shape.size() == 4 ? t.shape[1] / 2 : t.shape.back()].push_back(t);
  }
  for (auto& [values, levels] : kinds) {
    if (levels.size() != kStrides.size()) return {};
    std::ranges::sort(levels, [](const auto& a, const auto& b) { return a.data.size() > b.data.size(); });
  }
  if (!kinds.contains(1) || !kinds.contains(4) || !kinds.contains(10)) return {};
  for (std::size_t level = 0; level < kStrides.size(); ++level) {
    const int stride = kStrides[level], columns = width / stride, rows = height / stride;
    const std::size_t cells = unsigned_of(columns) * unsigned_of(rows), anchors = 2 * cells;
    const auto &scores = kinds[1][level], &boxes = kinds[4][level], &points = kinds[10][level];
    if (scores.data.size() != anchors || boxes.data.size() != 4 * anchors || points.data.size() != 10 * anchors) return {};
    const float s = static_cast<float>(stride);
    const auto at = [cells](const inference::TensorView& t, std::size_t channels, std::size_t cell, std::size_t anchor, std::size_t k) {
      return t.shape.size() == 4 ? t.data[(anchor * channels + k) * cells + cell] : t.data[(cell * 2 + anchor) * channels + k];
    };
    for (std::size_t cell = 0; cell < cells; ++cell) {
      for (std::size_t anchor = 0; anchor < 2; ++anchor) {
        const float score = at(scores, 1, cell, anchor, 0);
        if (!(score >= threshold)) continue;
        const float x = static_cast<float>(cell % unsigned_of(columns)) * s, y = static_cast<float>(cell / unsigned_of(columns)) * s;
        std::array<float, 4> d{};
        for (std::size_t k = 0; k < 4; ++k) d[k] = at(boxes, 4, cell, anchor, k) * s;
        DetectedFace face{std::min(score, 1.0f), {x - d[0], y - d[1], d[0] + d[2], d[1] + d[3]}, {}};
        for (std::size_t p = 0; p < 5; ++p) {
          face.points[p] = {x + at(points, 10, cell, anchor, 2 * p) * s, y + at(points, 10, cell, anchor, 2 * p + 1) * s};
        }
        faces.push_back(face);
      }
    }
  }
  return faces;
}

std::vector<DetectedFace> decode_blazeface(std::span<const inference::TensorView> outputs, float threshold) {
  constexpr float kSize = 256;
  struct Level {
    int stride;
    std::size_t anchors;
  };
  constexpr std::array<Level, 2> kLevels{{{16, 2}, {32, 6}}};
  std::vector<DetectedFace> faces;
  if (outputs.size() != 4) return faces;
  for (std::size_t level = 0; level < kLevels.size(); ++level) {
    const auto [stride, anchors] = kLevels[level];
    const std::size_t side = static_cast<std::size_t>(kSize) / unsigned_of(stride), count = side * side * anchors;
    const auto scores = outputs[level].data, raw = outputs[level + 2].data;
    if (scores.size() != count || raw.size() != 16 * count) return {};
    for (std::size_t i = 0; i < count; ++i) {
      const float score = 1 / (1 + std::exp(-std::clamp(scores[i], -80.0f, 80.0f)));
      if (!(score >= threshold)) continue;
      const std::size_t cell = i / anchors;
      const float cx = (static_cast<float>(cell % side) + 0.5f) * static_cast<float>(stride);
      const float cy = (static_cast<float>(cell / side) + 0.5f) * static_cast<float>(stride);
      const auto r = raw.subspan(16 * i, 16);
      const auto point = [&](std::size_t p) { return Point{cx + r[4 + 2 * p], cy + r[5 + 2 * p]}; };
      const Point left = point(0), right = point(1), nose = point(2), mouth = point(3);
      const float half_x = (right.x - left.x) * 0.4f, half_y = (right.y - left.y) * 0.4f;
      faces.push_back({score,
                       {cx + r[0] - r[2] / 2, cy + r[1] - r[3] / 2, r[2], r[3]},
                       {left, right, nose, {mouth.x - half_x, mouth.y - half_y}, {mouth.x + half_x, mouth.y + half_y}}});
    }
  }
  return faces;
}

float intersection_over_union(const Box& a, const Box& b) noexcept {
  const float w = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const float h = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (!(w > 0) || !(h > 0)) return 0;
  return w * h / (a.area() + b.area() - w * h);
}

std::vector<DetectedFace> suppress(std::vector<DetectedFace> faces, float iou, bool average) {
  std::erase_if(faces, [](const DetectedFace& f) {
    return !(f.box.width > 0) || !(f.box.height > 0) || !std::isfinite(f.box.x) || !std::isfinite(f.box.y) || !std::isfinite(f.box.area());
  });
  std::ranges::sort(faces, std::greater{}, &DetectedFace::score);
  std::vector<DetectedFace> kept;
  std::vector<bool> gone(faces.size(), false);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    if (gone[i]) continue;
    DetectedFace sum{faces[i].score, {}, {}};
    float weight = 0;
    for (std::size_t j = i; j < faces.size(); ++j) {
      if (gone[j] || (j != i && intersection_over_union(faces[i].box, faces[j].box) <= iou)) continue;
      gone[j] = true;
      if (j != i && !average) continue;
      const float w = faces[j].score;
      weight += w;
      sum.box.x += w * faces[j].box.x, sum.box.y += w * faces[j].box.y;
      sum.box.width += w * faces[j].box.width, sum.box.height += w * faces[j].box.height;
      for (std::size_t p = 0; p < 5; ++p) sum.points[p].x += w * faces[j].points[p].x, sum.points[p].y += w * faces[j].points[p].y;
    }
    sum.box = {sum.box.x / weight, sum.box.y / weight, sum.box.width / weight, sum.box.height / weight};
    for (auto& p : sum.points) p = {p.x / weight, p.y / weight};
    kept.push_back(average ? sum : faces[i]);
  }
  return kept;
}

}  // namespace authx::face
