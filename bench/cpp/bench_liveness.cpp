// Active liveness on filmed answers. Arguments: the pack's folder, and a default pack that completes it. Input: "KIND SEED LIGHTS
// CODEC FPS PHOTO OTHER" (tab-separated; LIGHTS 0 or 1; CODEC as in tests/support/video_writer.h, or "none" to measure the frames as
// they are); answer: the verdict as JSON, or {"skip": why} when a photograph does not serve. The plan is drawn from SEED. KIND
// "usable" only says whether the photograph serves.

#include <array>
#include <map>
#include <optional>
#include <random>
#include <sstream>

#include "engines/face/active_measure.h"
#include "engines/face/face_engine.h"
#include "imaging/decode.h"
#include "inference/pack.h"
#include "probe.h"
#include "support/face_film.h"
#include "support/video_writer.h"

namespace {

using namespace authx;
using namespace authx::face;

template <class T>
T must(Result<T> result) {
  if (!result) bench::give_up(result.error().detail.empty() ? result.error().message : result.error().detail);
  return std::move(*result);
}

struct Job {
  std::string kind, codec, photo, other;
  std::uint32_t seed = 1;
  int fps = 10;
  bool lights = true;
};

std::string trace(const active::VideoFacts& video) {
  std::string out = "[";
  std::array<double, 288> rest{};
  for (const auto& f : video.frames)
    if (f.at < active::microseconds{1'000'000})
      for (std::size_t k = 0; k < rest.size(); ++k) rest[k] += f.eyes[0][k];
  for (const auto& f : video.frames) {
    const auto& g = f.geometry;
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    for (std::size_t k = 0; k < rest.size(); ++k)
      a += rest[k], b += f.eyes[0][k], aa += rest[k] * rest[k], bb += f.eyes[0][k] * f.eyes[0][k], ab += rest[k] * f.eyes[0][k];
    const double like = (ab - a * b / 288) / std::sqrt(std::max(1e-9, (aa - a * a / 288) * (bb - b * b / 288)));
    if (out.size() > 1) out += ",";
    out += fmt::format("[{},{:.1f},{:.1f},{:.3f},{:.2f},{:.1f},{:.1f},{:.1f},{:.3f},{:.2f}]", f.at.count() / 1000, g.pose.yaw, g.pose.pitch,
                       g.eye_openness, g.face_presence, f.skin[0], f.skin[1], f.skin[2], f.sameness.value_or(9), like);
  }
  return out + "]";
}

std::string answer(const FaceEngine& engine, const Job& job, bool with_trace) {
  static std::map<std::string, Result<film::Person>> people;
  const auto person_of = [&](const std::string& path) -> Result<film::Person>& {
    auto found = people.find(path);
    if (found == people.end()) {
      if (people.size() > 8) people.clear();
      auto decoded = imaging::decode(bench::file_bytes(path), {.max_bytes = std::size_t{64} << 20});
      found =
          people
              .emplace(path, decoded ? film::make_person(engine, std::move(decoded->pages.front())) : Result<film::Person>{decoded.error()})
              .first;
    }
    return found->second;
  };
  const auto other = person_of(job.other);
  const auto person = person_of(job.photo);
  for (const auto* p : {&person, &other})
    if (!*p) return fmt::format(R"({{"skip": "{}"}})", p->error().faults.empty() ? "" : p->error().faults.front().reason);
  std::mt19937 random{job.seed};
  std::array<std::uint8_t, active::kPlanEntropy> entropy{};
  for (auto& b : entropy) b = static_cast<std::uint8_t>(random());
  const auto plan = active::make_plan(entropy, {.lights = job.lights});
  if (!film::applies(job.kind, plan)) return R"({"skip": "does not apply"})";
  const auto still = must(engine.analyse(film::still(*person, job.seed), {.liveness = false}));
  if (!still.embedding || !still.quality.acceptable) return R"({"skip": "the still picture is not usable"})";

  if (job.kind == "usable") return "{}";

  active::VideoFacts video;
  if (job.codec == "none") {
    const auto times = active::compare_times(plan);
    std::size_t next = 0;
    film::film(job.kind, plan, *person, *other, job.seed, job.fps, [&](const imaging::Image& frame, std::int64_t at) {
      const bool compare = next < times.size() && active::microseconds{at} >= times[next];
      while (next < times.size() && active::microseconds{at} >= times[next]) ++next;
      video.frames.push_back(must(active::measure_frame(engine, frame, active::microseconds{at}, compare ? &*still.embedding : nullptr)));
      video.duration = active::microseconds{at};
    });
  } else {
    const auto writer = film::make_video_writer(job.codec, 640, 480, job.fps);
    film::film(job.kind, plan, *person, *other, job.seed, job.fps,
               [&](const imaging::Image& frame, std::int64_t at) { writer->add(frame, at); });
    const auto bytes = writer->finish();
    video = must(active::measure_video(engine, bytes, plan, *still.embedding, {.max_bytes = std::size_t{64} << 20}, {}));
  }
  const auto verdict = active::judge(plan, video);
  auto out = active::to_json(verdict);
  out["plan"] = active::to_json(plan);
  if (with_trace) out["trace"] = json::parse(trace(video));
  return json::serialize(out);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) bench::give_up("usage: bench_liveness PACK [DEFAULT_PACK]");
  std::optional<inference::Pack> complement;
  if (argc > 2) complement = must(inference::find_pack(argv[2]));
  const auto engine = must(FaceEngine::create(must(inference::find_pack(argv[1], complement ? &*complement : nullptr))));
  return bench::answer_lines([&](const std::string& line) {
    std::istringstream in{line};
    Job job;
    std::string seed, lights, fps;
    std::getline(in, job.kind, '\t'), std::getline(in, seed, '\t'), std::getline(in, lights, '\t'), std::getline(in, job.codec, '\t');
    std::getline(in, fps, '\t'), std::getline(in, job.photo, '\t'), std::getline(in, job.other, '\t');
    job.seed = static_cast<std::uint32_t>(std::atoi(seed.c_str()));
    job.fps = std::clamp(std::atoi(fps.c_str()), 5, 60);
    job.lights = lights == "1";
    return answer(*engine, job, std::getenv("AUTHX_TEST_TRACE") != nullptr);
  });
}
