// The bare model runs behind one face analysis, and the engine's work without the server.
// Arguments: the pack's folder, and a default pack that completes it. Input: a photo's path; answer: milliseconds of
// one run of each model on prepared inputs, of decoding, of the whole analysis (`analyse`), of the analysis of a probe
// and its comparison (`verify`), the last three also as CPU time (`…_cpu`), and each model's run on OpenCV
// (`opencv_…`).

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <vector>

#include "engines/face/face_engine.h"
#include "imaging/decode.h"
#include "imaging/image.h"
#include "inference/model.h"
#include "inference/pack.h"
#include "probe.h"

namespace {

using namespace authx;

template <class T>
T must(Result<T> result) {
  if (!result) bench::give_up(result.error().detail.empty() ? result.error().message : result.error().detail);
  return std::move(*result);
}

/// The detector's coarse canvas for a picture: long side 320, short side a multiple of 64.
inference::Shape canvas(const imaging::Image& image) {
  const int longest = std::max(image.width, image.height), shortest = std::min(image.width, image.height);
  const int needed = static_cast<int>(std::ceil(320.0 * shortest / longest));
  const int other = std::clamp((needed + 63) / 64 * 64, 192, 320);
  return image.width >= image.height ? inference::Shape{1, 3, other, 320} : inference::Shape{1, 3, 320, other};
}

/// Wall and CPU milliseconds of the process.
struct Spent {
  double wall = 0, cpu = 0;
};
template <class Work>
Spent spent(Work&& work) {
  const auto cpu = [] {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
  };
  const double before = cpu();
  const double wall = bench::milliseconds(work);
  return {wall, cpu() - before};
}

Spent run(const inference::Model& model, const inference::Shape& shape) {
  auto request = must(model.start(shape));
  std::ranges::fill(request.input(), 0.1f);
  return spent([&] {
    if (!request.execute()) bench::give_up("a model does not run");
  });
}

using Models = std::map<std::string, std::shared_ptr<const inference::Model>>;

Models load(const std::vector<inference::ModelInfo>& infos, inference::LoadOptions options) {
  Models models;
  for (const auto& info : infos) models.emplace(info.role, must(inference::Model::load(info, options)));
  return models;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) bench::give_up("usage: bench_face PACK [DEFAULT_PACK]");
  std::optional<inference::Pack> complement;
  if (argc > 2) complement = must(inference::find_pack(argv[2]));
  const auto pack = must(inference::find_pack(argv[1], complement ? &*complement : nullptr));
  const auto engine = must(face::FaceEngine::create(pack));
  const Models models = load(engine->models(), {}), plain = load(engine->models(), {.backend = inference::Backend::opencv});

  return bench::answer_lines([&](const std::string& path) {
    const auto file = bench::file_bytes(path);
    std::optional<imaging::DecodedFile> decoded;
    const auto decode = spent([&] { decoded = must(imaging::decode(file)); });
    const auto& image = decoded->pages.front();
    std::string out = fmt::format(R"({{"decode": {})", decode.wall);
    const auto measure = [&](const Models& set, std::string_view prefix) {
      for (const auto& [role, model] : set) {
        auto shape = model->info().contract.input.shape;
        if (std::ranges::count(shape, -1) > 0) shape = role == "detector" ? canvas(image) : shape;
        for (auto& extent : shape) extent = extent < 0 ? 1 : extent;
        const auto took = run(*model, shape);
        out += fmt::format(R"(, "{0}{1}": {2}, "{0}{1}_cpu": {3})", prefix, role, took.wall, took.cpu);
      }
    };
    measure(models, "");
    measure(plain, "opencv_");
    std::optional<face::Embedding> enrolled;
    const auto analyse = spent([&] { enrolled = must(engine->analyse(image)).embedding; });
    if (!enrolled) bench::give_up(path + " shows no usable face");
    const auto verify = spent([&] {
      const auto probe = must(engine->analyse(image, face::kProbe)).embedding;
      if (!probe || !must(engine->compare(*enrolled, *probe)).match) bench::give_up(path + " does not match itself");
    });
    return out + fmt::format(R"(, "analyse": {}, "analyse_cpu": {}, "verify": {}, "verify_cpu": {}}})", analyse.wall, analyse.cpu, verify.wall,
                             verify.cpu);
  });
}
