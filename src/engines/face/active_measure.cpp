#include "engines/face/active_measure.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/face/active_geometry.h"
#include "engines/face/align.h"
#include "imaging/mat.h"

namespace authx::face::active {
namespace {

// MediaPipe vertices in the middle of the forehead and of the cheeks: skin that neither hair nor glasses cover.
constexpr std::array kSkin{151, 108, 337, 50, 280, 205, 425, 117, 346};

/// The corners lie at 1/8 and 7/8 of the patch's width, in the middle of its height.
void take_eye(const cv::Mat& gray, const Point3& outer, const Point3& inner, EyePatch& out) {
  const std::array<Point, 2> from{{{outer.x, outer.y}, {inner.x, inner.y}}};
  const std::array<Point, 2> to{{{kEyeWidth / 8.0f, kEyeHeight / 2.0f}, {kEyeWidth * 7 / 8.0f, kEyeHeight / 2.0f}}};
  const auto lay = fit_similarity(from, to);
  if (!lay) return;
  const cv::Matx23d matrix{lay->a, -lay->b, lay->tx, lay->b, lay->a, lay->ty};
  cv::Mat patch(kEyeHeight, kEyeWidth, CV_8UC1, out.data());
  cv::warpAffine(gray, patch, matrix, patch.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
}

void take_look(const cv::Mat& gray, const std::vector<Point3>& mesh, Look& out) {
  const auto lay = look_lay(mesh);
  if (!lay) return;
  const cv::Matx23d matrix{lay->sx * lay->ax,  lay->sx * lay->ay, kLookWidth / 2.0 - lay->sx * (lay->x * lay->ax + lay->y * lay->ay),
                           -lay->sy * lay->ay, lay->sy * lay->ax, kLookTop - lay->sy * (lay->y * lay->ax - lay->x * lay->ay)};
  cv::Mat target(kLookHeight, kLookWidth, CV_8UC1, out.data());
  cv::warpAffine(gray, target, matrix, target.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
}

Rgb mean_rgb(const cv::Mat& bgr, const cv::Mat& mask) {
  const cv::Scalar mean = cv::mean(bgr, mask);
  return {static_cast<float>(mean[2]), static_cast<float>(mean[1]), static_cast<float>(mean[0])};
}

}  // namespace

Result<FrameFacts> measure_frame(const FaceEngine& engine, const imaging::Image& frame, microseconds at, const Embedding* reference,
                                 const Deadline& deadline) {
  AX_TRY(auto analysis,
         engine.analyse(frame, {.liveness = false, .cues = false, .embedding = reference != nullptr, .surroundings = false}, deadline));
  FrameFacts facts;
  facts.at = at;
  const cv::Mat bgr = imaging::as_mat(frame);
  cv::Mat gray, thumb(kThumbHeight, kThumbWidth, CV_8UC1, facts.thumb.data());
  cv::cvtColor(bgr, gray, cv::COLOR_BGR2GRAY);
  cv::resize(gray, thumb, thumb.size(), 0, 0, cv::INTER_AREA);
  if (!analysis.chosen) return facts;
  facts.box = analysis.faces[*analysis.chosen].box;
  for (const auto& f : analysis.faces) facts.faces += f.score > 0.7f && f.box.area() * 4 > facts.box.area() ? 1 : 0;
  facts.faces = std::max(facts.faces, 1);
  facts.geometry = std::move(analysis.geometry);
  if (facts.geometry.mesh.size() < 468) return facts;

  const auto& mesh = facts.geometry.mesh;
  const double eyes = std::hypot(mesh[263].x - mesh[33].x, mesh[263].y - mesh[33].y);
  take_look(gray, mesh, facts.look);
  take_eye(gray, mesh[33], mesh[133], facts.eyes[0]);
  take_eye(gray, mesh[362], mesh[263], facts.eyes[1]);
  cv::Mat mask(bgr.size(), CV_8UC1, cv::Scalar{0});
  for (const int v : kSkin) {
    const auto& p = mesh[static_cast<std::size_t>(v)];
    cv::circle(mask, {cvRound(p.x), cvRound(p.y)}, std::max(2, cvRound(eyes * 0.09)), 255, cv::FILLED);
  }
  facts.skin = mean_rgb(bgr, mask);
  mask.setTo(255);
  const auto& b = facts.box;
  cv::rectangle(mask,
                cv::Rect{cvRound(b.x - b.width * 0.5f), cvRound(b.y - b.height * 0.5f), cvRound(b.width * 2), cvRound(b.height * 2.5f)}, 0,
                cv::FILLED);
  facts.surround = mean_rgb(bgr, mask);

  if (reference != nullptr && analysis.embedding) {
    AX_TRY(const auto compared, engine.compare(*analysis.embedding, *reference, Use::live_to_live, kIdentityFmr));
    facts.sameness = compared.similarity - compared.threshold;
  }
  return facts;
}

std::vector<microseconds> compare_times(const Plan& plan) {
  std::vector<microseconds> out{microseconds{300'000}};
  for (const auto& step : plan.steps) out.push_back(step.at + (step.action == Action::light ? milliseconds{300} : milliseconds{-50}));
  out.push_back(plan.length - milliseconds{200});
  return out;
}

Result<VideoFacts> measure_video(const FaceEngine& engine, BytesView video, const Plan& plan, const Embedding& reference,
                                 const imaging::VideoLimits& limits, const Deadline& deadline) {
  const auto compare_at = compare_times(plan);
  VideoFacts out;
  std::size_t next = 0;
  imaging::VideoLimits thinned = limits;
  thinned.interval = kSampling;
  const auto each = [&](const imaging::VideoFrame& frame) -> Result<bool> {
    const bool compare = next < compare_at.size() && frame.at >= compare_at[next];
    while (next < compare_at.size() && frame.at >= compare_at[next]) ++next;
    AX_TRY(auto facts, measure_frame(engine, frame.image, frame.at, compare ? &reference : nullptr, deadline));
    if (facts.faces > 0 && facts.geometry.mesh.size() < 468) return Error{Errc::capability_unavailable, "the model pack has no face mesh"};
    out.frames.push_back(std::move(facts));
    return true;
  };
  AX_TRY(const auto info, imaging::decode_video(video, thinned, each, deadline));
  out.duration = info.duration;
  out.decoded = info.frames;
  out.timed = info.timed;
  out.codec = info.codec;
  out.writer = info.writer;
  return out;
}

}  // namespace authx::face::active
