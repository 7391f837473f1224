// Active liveness on filmed answers. Arguments: the pack's folder, and a default pack that completes it. Input: "KIND SEED LIGHTS
// CODEC FPS PHOTO OTHER" (tab-separated; LIGHTS 0 or 1; CODEC as in tests/support/video_writer.h, or "none" to measure the frames as
// they are); answer: the verdict as JSON, or {"skip": why} when a photograph does not serve. The plan is drawn from SEED. Where a
// second answer may show what the first left open, it is filmed too, of the same kind, and its verdict is "follow_up". KIND
// "usable" only says whether the photograph serves. What was measured of a film is kept in the folder that AUTHX_KEPT_FILMS names,
// so that another judgement of it costs next to nothing.

#include <array>
#include <cmath>
#include <cstdio>
#include <expected>
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

/// What was measured of a film, kept as it lies in memory: the same program reads it that wrote it.
class Kept {
 public:
  explicit Kept(std::string path) : path_(std::move(path)) {}

  bool read(active::VideoFacts& video) const {
    std::ifstream in{path_, std::ios::binary};
    std::uint64_t frames = 0;
    std::int64_t duration = 0;
    if (!in || !get(in, frames) || !get(in, duration) || frames > 10'000) return false;
    video.duration = active::microseconds{duration};
    video.frames.resize(frames);
    for (auto& f : video.frames) {
      std::uint64_t vertices = 0;
      double sameness = 0;
      if (!get(in, vertices) || vertices > 1'000) return false;
      f.geometry.mesh.resize(vertices);
      in.read(reinterpret_cast<char*>(f.geometry.mesh.data()), static_cast<std::streamsize>(vertices * sizeof(Point3)));
      auto& g = f.geometry;
      if (!get(in, f.at) || !get(in, f.faces) || !get(in, g.pose) || !get(in, g.face_presence) || !get(in, g.eye_openness) ||
          !get(in, g.mouth_openness) || !get(in, f.box) || !get(in, f.eyes) || !get(in, f.look) || !get(in, f.skin) ||
          !get(in, f.surround) || !get(in, f.thumb) || !get(in, sameness))
        return false;
      if (!std::isnan(sameness)) f.sameness = sameness;
    }
    return true;
  }

  void write(const active::VideoFacts& video) const {
    const auto half = path_ + ".part";
    std::ofstream out{half, std::ios::binary};
    put(out, static_cast<std::uint64_t>(video.frames.size())), put(out, static_cast<std::int64_t>(video.duration.count()));
    for (const auto& f : video.frames) {
      const auto& g = f.geometry;
      put(out, static_cast<std::uint64_t>(g.mesh.size()));
      out.write(reinterpret_cast<const char*>(g.mesh.data()), static_cast<std::streamsize>(g.mesh.size() * sizeof(Point3)));
      put(out, f.at), put(out, f.faces), put(out, g.pose), put(out, g.face_presence), put(out, g.eye_openness), put(out, g.mouth_openness);
      put(out, f.box), put(out, f.eyes), put(out, f.look), put(out, f.skin), put(out, f.surround), put(out, f.thumb);
      put(out, f.sameness.value_or(std::nan("")));
    }
    out.close();
    if (out) std::rename(half.c_str(), path_.c_str());
  }

 private:
  template <class T>
  static bool get(std::istream& in, T& value) {
    return static_cast<bool>(in.read(reinterpret_cast<char*>(&value), sizeof value));
  }
  template <class T>
  static void put(std::ostream& out, const T& value) {
    out.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
  std::string path_;
};

std::array<std::uint8_t, active::kPlanEntropy> entropy_of(std::uint32_t seed) {
  std::mt19937 random{seed};
  std::array<std::uint8_t, active::kPlanEntropy> entropy{};
  for (auto& b : entropy) b = static_cast<std::uint8_t>(random());
  return entropy;
}

json::object told(const active::Plan& plan, const active::Verdict& verdict) {
  auto out = active::to_json(verdict);
  out["plan"] = active::to_json(plan);
  return out;
}

std::optional<Kept> kept_of(const Job& job, const std::string& name) {
  const char* folder = std::getenv("AUTHX_KEPT_FILMS");
  if (folder == nullptr || job.kind == "usable") return std::nullopt;
  return Kept{fmt::format("{}/{:016x}", folder, std::hash<std::string>{}(name))};
}

/// Films and measures an answer, unless that was done before; why not, where a photograph does not serve.
std::expected<active::VideoFacts, std::string> filmed(const FaceEngine& engine, const Job& job, const active::Plan& plan,
                                                      const std::optional<Kept>& kept) {
  active::VideoFacts video;
  if (kept && kept->read(video)) return video;
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
    if (!*p) return std::unexpected(p->error().faults.empty() ? std::string{} : p->error().faults.front().reason);
  if (!film::applies(job.kind, plan)) return std::unexpected("does not apply");
  const auto still = must(engine.analyse(film::still(*person, job.seed), {.liveness = false}));
  if (!still.embedding || !still.quality.acceptable) return std::unexpected("the still picture is not usable");

  video = {};
  if (job.kind == "usable") return video;
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
  if (kept) kept->write(video);
  return video;
}

std::string answer(const FaceEngine& engine, Job job, const std::string& line) {
  const auto plan = active::make_plan(entropy_of(job.seed), {.lights = job.lights});
  const auto video = filmed(engine, job, plan, kept_of(job, line));
  if (!video) return json::serialize(json::object{{"skip", video.error()}});
  if (job.kind == "usable") return "{}";
  const auto verdict = active::judge(plan, *video);
  auto out = told(plan, verdict);
  if (const auto open = active::follow_up_for(verdict)) {
    job.seed ^= 0x5A5A5A;  // another answer, another camera's place
    const auto second = active::make_follow_up(entropy_of(job.seed), *open, {.lights = job.lights});
    const auto again = filmed(engine, job, second, kept_of(job, line + "\n" + json::serialize(active::to_json(second))));
    if (again) out["follow_up"] = told(second, active::judge(second, *again));
  }
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
    return answer(*engine, job, line);
  });
}
