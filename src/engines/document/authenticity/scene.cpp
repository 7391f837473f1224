#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/strokes.h"
#include "engines/document/authenticity/thresholds.h"
#include "imaging/mat.h"

namespace authx::document::authenticity {
namespace {

struct Place {
  Type type;
  std::string_view variant;  ///< empty: any
  double x, y, width, height;
};
// Shares of the page. A few documents move the photo between issues; where they do, only the common issue is listed.
constexpr Place kPhoto[] = {
    {Type::aadhaar, "back", 0, 0, 0, 0},
    {Type::aadhaar, "", 0.05, 0.23, 0.21, 0.42},
    {Type::pan, "new", 0.045, 0.205, 0.165, 0.32},
    {Type::passport, "", 0.045, 0.15, 0.235, 0.43},
    {Type::driving_license, "", 0.77, 0.21, 0.18, 0.355},
    {Type::voter_id, "", 0.05, 0.245, 0.205, 0.41},
};

}  // namespace

Scene::Scene(const AuthenticityInput& input) : in(input) {}
Scene::~Scene() = default;

const cv::Mat& Scene::gray() {
  if (!gray_) {
    const cv::Mat whole = imaging::as_mat(*in.image);
    cv::Mat g = whole;
    if (whole.channels() == 3) cv::cvtColor(whole, g, cv::COLOR_BGR2GRAY);
    gray_ = g;
  }
  return *gray_;
}

const cv::Mat& Scene::residual() {
  if (!residual_) {
    const cv::Mat column = (cv::Mat_<float>(1, 3) << 1, -2, 1);
    cv::Mat r;
    cv::sepFilter2D(gray(), r, CV_16S, column, column);
    residual_ = r;
  }
  return *residual_;
}

std::optional<Region> Scene::region(std::string field, const imaging::Box& on_page) const {
  const auto& page = *in.page;
  const auto to_picture = imaging::homography(imaging::quad_of({0, 0, page.rectified.width, page.rectified.height}), page.outline);
  Region out;
  out.field = std::move(field);
  out.place = imaging::apply(to_picture, imaging::quad_of(on_page));
  const auto b = imaging::bounds_of(out.place);
  out.box = cv::Rect(b.x, b.y, b.width, b.height) & cv::Rect(0, 0, in.image->width, in.image->height);
  if (out.box.area() * 2 < static_cast<double>(b.width) * b.height) return std::nullopt;
  return out;
}

const std::vector<Region>& Scene::values() {
  if (!values_) {
    values_.emplace();
    for (const auto& f : in.reading->fields) {
      if (f.box.empty() || f.source != Source::printed || f.side != in.page->side) continue;
      auto r = region(f.name, f.box);
      if (r && r->box.height >= kSmallestText && r->box.width >= 2 * kSmallestText) values_->push_back(std::move(*r));
    }
  }
  return *values_;
}

const std::vector<Region>& Scene::lines() {
  if (!lines_) {
    lines_.emplace();
    for (const auto& box : in.page->lines) {
      auto r = region("line", box);
      if (!r || r->box.height < kSmallestText || r->box.width < 2 * kSmallestText) continue;
      const auto covered = [&](const Region& v) { return (v.box & r->box).area() > r->box.area() / 4; };
      if (std::ranges::none_of(values(), covered)) lines_->push_back(std::move(*r));
    }
  }
  return *lines_;
}

const std::vector<Strokes>& Scene::strokes() {
  if (!strokes_) strokes_ = std::make_unique<std::vector<Strokes>>(strokes_of(*this));
  return *strokes_;
}

const std::optional<Region>& Scene::portrait() {
  if (!portrait_) {
    portrait_.emplace();
    const auto& page = in.page->rectified;
    if (in.portrait) {
      *portrait_ = region("portrait", *in.portrait);
    } else if (in.page->side == Side::front) {
      for (const auto& p : kPhoto) {
        if (p.type != in.reading->type || (!p.variant.empty() && p.variant != in.reading->variant)) continue;
        if (p.width > 0) {
          const imaging::Box box{static_cast<int>(p.x * page.width), static_cast<int>(p.y * page.height),
                                 static_cast<int>(p.width * page.width), static_cast<int>(p.height * page.height)};
          *portrait_ = region("portrait", box);
        }
        break;
      }
    }
  }
  return *portrait_;
}

const cv::Rect& Scene::document() {
  if (!document_) {
    const auto b = imaging::bounds_of(in.page->outline);
    cv::Rect r = cv::Rect(b.x, b.y, b.width, b.height) & cv::Rect(0, 0, in.image->width, in.image->height);
    if (r.area() == 0) r = cv::Rect(0, 0, in.image->width, in.image->height);
    document_ = r;
  }
  return *document_;
}

const std::optional<imaging::JpegBlocks>& Scene::jpeg() {
  if (!jpeg_) {
    jpeg_.emplace();
    if (!in.file.empty() && (!in.format || *in.format == imaging::FileFormat::jpeg)) *jpeg_ = imaging::read_jpeg_blocks(in.file);
  }
  return *jpeg_;
}

Finding trace(std::string id, double excess, std::string clean, std::string suspicious, std::string limits, Weight weight) {
  Finding f;
  f.id = std::move(id);
  f.kind = CheckKind::authenticity;
  f.outcome = excess >= 1 ? Outcome::failed : Outcome::passed;
  f.explanation = excess >= 1 ? std::move(suspicious) : std::move(clean);
  f.weight = weight;
  f.score = std::clamp(1 - excess / 2, 0.0, 1.0);
  f.limits = std::move(limits);
  return f;
}

Finding judged(std::string id, CheckKind kind, bool good, std::string yes, std::string no, Weight weight) {
  Finding f;
  f.id = std::move(id);
  f.kind = kind;
  f.outcome = good ? Outcome::passed : Outcome::failed;
  f.explanation = good ? std::move(yes) : std::move(no);
  f.weight = weight;
  return f;
}

Finding unchecked(std::string id, CheckKind kind, std::string reason, Weight weight) {
  Finding f;
  f.id = std::move(id);
  f.kind = kind;
  f.outcome = Outcome::not_checked;
  f.explanation = std::move(reason);
  f.weight = weight;
  return f;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

std::vector<double> cell_noise(Scene& scene, const cv::Rect& box) {
  constexpr int kCell = 8;
  const cv::Mat& r = scene.residual();
  const cv::Rect inside = box & cv::Rect(0, 0, r.cols, r.rows);
  std::vector<double> out;
  for (int y = inside.y; y + kCell <= inside.y + inside.height; y += kCell) {
    for (int x = inside.x; x + kCell <= inside.x + inside.width; x += kCell) {
      int squares = 0;
      for (int v = 0; v < kCell; ++v) {
        const auto* row = r.ptr<short>(y + v) + x;
        for (int u = 0; u < kCell; ++u) squares += row[u] * row[u];
      }
      out.push_back(std::sqrt(squares / static_cast<double>(kCell * kCell)) / 6);
    }
  }
  return out;
}

}  // namespace authx::document::authenticity
