// The bare model runs behind one face analysis, and the engine's analysis without the server.
// Arguments: the pack's folder, and a default pack that completes it. Input: a photo's path; answer: milliseconds of
// one run of each model on prepared inputs, of decoding, and of the whole analysis.

#include <algorithm>
#include <cmath>
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

double run_ms(const inference::Model& model, const inference::Shape& shape) {
  auto run = must(model.start(shape));
  std::ranges::fill(run.input(), 0.1f);
  return bench::milliseconds([&] {
    if (!run.execute()) bench::give_up("a model does not run");
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) bench::give_up("usage: bench_face PACK [DEFAULT_PACK]");
  std::optional<inference::Pack> complement;
  if (argc > 2) complement = must(inference::find_pack(argv[2]));
  const auto pack = must(inference::find_pack(argv[1], complement ? &*complement : nullptr));
  const auto engine = must(face::FaceEngine::create(pack));
  std::map<std::string, std::shared_ptr<const inference::Model>> models;
  for (const auto& loaded : engine->models()) models.emplace(loaded.role, must(inference::Model::load(loaded)));

  return bench::answer_lines([&](const std::string& path) {
    const auto file = bench::file_bytes(path);
    std::optional<imaging::DecodedFile> decoded;
    const double decode_ms = bench::milliseconds([&] { decoded = must(imaging::decode(file)); });
    const auto& image = decoded->pages.front();
    std::string out = fmt::format(R"({{"decode": {})", decode_ms);
    for (const auto& [role, model] : models) {
      auto shape = model->info().contract.input.shape;
      if (std::ranges::count(shape, -1) > 0) shape = role == "detector" ? canvas(image) : shape;
      for (auto& extent : shape) extent = extent < 0 ? 1 : extent;
      out += fmt::format(R"(, "{}": {})", role, run_ms(*model, shape));
    }
    bool usable = false;
    const double analyse_ms = bench::milliseconds([&] { usable = must(engine->analyse(image)).embedding.has_value(); });
    if (!usable) bench::give_up(path + " shows no usable face");
    return out + fmt::format(R"(, "analyse": {}}})", analyse_ms);
  });
}
