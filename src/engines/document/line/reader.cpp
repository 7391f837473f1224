#include "engines/document/line/reader.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "engines/document/line/decode.h"
#include "engines/document/line/network.h"

namespace authx::document::line {
namespace {

constexpr double kScale = 0.35;  ///< of a logarithm of probability to confidence, as Tesseract shows it
constexpr std::uintmax_t kMostBytes = 64 << 20;

std::vector<bool> allowed_classes(const Model& model, std::string_view whitelist) {
  std::vector<bool> out;
  if (whitelist.empty()) return out;
  for (const auto& text : model.texts) out.push_back(text == " " || (text.size() == 1 && whitelist.contains(text[0])));
  return out;
}

std::optional<Model> load(const std::string& name) {
  std::vector<std::filesystem::path> folders{"/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata",
                                             "/usr/share/tesseract-ocr/4.00/tessdata"};
  if (const char* prefix = std::getenv("TESSDATA_PREFIX")) folders.insert(folders.begin(), prefix);
  for (const auto& folder : folders) {
    std::error_code no;
    const auto path = folder / (name + ".traineddata");
    const auto size = std::filesystem::file_size(path, no);
    if (no || size > kMostBytes) continue;
    std::ifstream in{path, std::ios::binary};
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>{in}, {}};
    if (auto model = Model::parse(bytes)) return std::move(*model);
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Word> read_words(const Model& model, const imaging::Image& picture, std::string_view whitelist) {
  std::vector<Word> out;
  if (picture.height != Model::kHeight || picture.channels != 1 || picture.width < Model::kPool) return out;
  const auto probabilities = run(model, picture, kernels());
  const auto letters = best_path(model, probabilities, allowed_classes(model, whitelist));
  // A character reaches half way to its neighbours.
  const auto border = [&](std::size_t i) {
    if (i == 0) return 0;
    if (i == letters.size()) return picture.width;
    return Model::kPool * static_cast<int>(letters[i - 1].to + (letters[i].from - letters[i - 1].to) / 2);
  };
  const auto is_space = [&](std::size_t i) { return model.texts[letters[i].of] == " "; };
  for (std::size_t i = 0; i < letters.size();) {
    if (is_space(i)) {
      ++i;
      continue;
    }
    std::size_t end = i;
    double least = 0;
    Word word;
    for (; end < letters.size() && !is_space(end); ++end) {
      word.text += model.texts[letters[end].of];
      least = std::min(least, letters[end].certainty);
    }
    if (i > 0) least = std::min(least, letters[i - 1].certainty);
    if (end < letters.size()) least = std::min(least, letters[end].certainty);
    const double doubt = letters[i].known ? least : kUnknown * least;
    word.confidence = std::clamp(1 + kScale * doubt, 0.0, 1.0);
    word.box = {border(i), 0, border(end) - border(i), picture.height};
    out.push_back(std::move(word));
    i = end;
  }
  return out;
}

const Model* english() {
  static const std::optional<Model> model = load("eng");
  return model ? &*model : nullptr;
}

}  // namespace authx::document::line
