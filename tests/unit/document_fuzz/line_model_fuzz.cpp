#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "engines/document/line/decode.h"
#include "engines/document/line/network.h"

namespace {

std::uint64_t number_at(const std::vector<std::uint8_t>& file, std::size_t at) {
  std::uint64_t v = 0;
  std::memcpy(&v, file.data() + at, sizeof v);
  return v;
}

/// The English file without its dictionaries, which make up nine tenths of it.
std::vector<std::uint8_t> english() {
  std::vector<std::uint8_t> file;
  for (const char* path :
       {"/usr/share/tesseract-ocr/5/tessdata/eng.traineddata", "/usr/share/tesseract-ocr/4.00/tessdata/eng.traineddata"}) {
    std::ifstream in{path, std::ios::binary};
    if (file.empty()) file.assign(std::istreambuf_iterator<char>{in}, {});
  }
  constexpr std::size_t kParts = 24;
  constexpr std::size_t kTable = 4 + 8 * kParts;
  if (file.size() < kTable || file[0] != kParts) return {};
  std::vector<std::uint8_t> out(kTable, 0xFF);
  std::copy_n(file.begin(), 4, out.begin());
  for (const std::size_t part : {17U, 21U, 22U}) {
    const std::uint64_t from = number_at(file, 4 + 8 * part);
    const std::uint64_t to = number_at(file, 4 + 8 * (part + 1));
    if (from > to || to > file.size()) return {};
    const std::uint64_t at = out.size();
    std::memcpy(out.data() + 4 + 8 * part, &at, sizeof at);
    out.insert(out.end(), file.begin() + static_cast<std::ptrdiff_t>(from), file.begin() + static_cast<std::ptrdiff_t>(to));
  }
  return out;
}

}  // namespace

// Changes to the English file: each a place and a value; the first two bytes cut its end off. What is accepted can be run.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx::document::line;
  static const std::vector<std::uint8_t> good = english();
  if (size < 2) return 0;
  if (good.empty() || data[0] == 255) {
    static_cast<void>(Model::parse({data, size}));
    static_cast<void>(Dictionary::parse({data, size}));
    return 0;
  }
  auto file = good;
  if (data[0] == 254) file.resize(file.size() * data[1] / 255);
  for (std::size_t i = 2; i + 3 < size && !file.empty(); i += 4) {
    // Mostly in the tables and heads of layers, which are the first kilobytes.
    const std::size_t at = data[i] < 200 ? (std::size_t{data[i]} << 8 | data[i + 1]) % std::min<std::size_t>(file.size(), 4096)
                                         : (std::size_t{data[i]} << 16 | std::size_t{data[i + 1]} << 8 | data[i + 2]) * 31 % file.size();
    file[at] = data[i + 3];
  }
  const auto model = Model::parse(file);
  if (!model) return 0;
  authx::imaging::Image picture(30, Model::kHeight, 1, 200);
  for (int y = 10; y < 26; ++y) picture.row(y)[12] = 20;
  const auto probabilities = run(*model, picture, portable_kernels());
  if (probabilities.steps != 10) std::abort();
  for (const auto& letter : best_path(*model, probabilities, {})) {
    if (letter.of >= model->classes() || letter.to > probabilities.steps) std::abort();
  }
  return 0;
}
