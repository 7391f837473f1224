#include "engines/document/ocr.h"

#include <allheaders.h>
#include <dlfcn.h>
#include <tesseract/baseapi.h>
#include <tesseract/ocrclass.h>
#include <tesseract/resultiterator.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "engines/document/line/framing.h"
#include "engines/document/line/reader.h"

/// Tesseract packs each line that it reads as a PNG in memory and unpacks that at once, which takes a sixth of the reading's time. A
/// program's function stands before a library's of the same name: here plain pixels are kept instead, which Leptonica reads back as
/// well. Nothing else in the program writes pictures with Leptonica; were this one not found, PNGs are written.
extern "C" l_ok pixWriteMemPng(l_uint8** data, size_t* size, PIX* picture, l_float32 /*gamma*/) {
  return pixWriteMemSpix(data, size, picture);
}

namespace authx::document {
namespace {

/// Tesseract asks OpenMP for four threads a line, which is slower than one and fights other requests for cores.
/// This makes OpenMP regions of the calling thread run in place.
void keep_to_one_thread() {
  using Set = void (*)(int);
  if (const auto set = reinterpret_cast<Set>(::dlsym(RTLD_DEFAULT, "omp_set_max_active_levels")); set != nullptr) set(0);
}

struct Engine {
  tesseract::TessBaseAPI api;
  bool ready = false;

  std::string language;

  explicit Engine(std::string name) : language(std::move(name)) {
    keep_to_one_thread();
    setMsgSeverity(L_SEVERITY_NONE);  // Leptonica prints to stderr
    // Dictionaries of English words only mislead on names and numbers.
    const std::vector<std::string> names{"load_system_dawg", "load_freq_dawg", "debug_file", "tessedit_do_invert"};
    const std::vector<std::string> values{"0", "0", "/dev/null", "0"};
    ready = api.Init(nullptr, language.c_str(), tesseract::OEM_LSTM_ONLY, nullptr, 0, &names, &values, false) == 0;
  }
};

/// This thread's engine for a language: English stays, of the others the two used last.
Engine& engine_for(const std::string& language) {
  thread_local std::unique_ptr<Engine> english;
  thread_local std::vector<std::unique_ptr<Engine>> others;
  if (language == "eng") {
    if (!english || !english->ready) english = std::make_unique<Engine>(language);
    return *english;
  }
  const auto it = std::ranges::find(others, language, [](const auto& e) -> const std::string& { return e->language; });
  if (it != others.end()) {
    std::rotate(others.begin(), it, it + 1);
    return *others.front();
  }
  if (others.size() >= 2) others.pop_back();
  others.insert(others.begin(), std::make_unique<Engine>(language));
  return *others.front();
}

std::vector<Word> read_with(const line::Model& model, const imaging::Image& page, const imaging::Box& ink, bool upside_down, int height,
                            const std::string& whitelist) {
  const auto framed = line::frame_line(page, ink, upside_down, height / 36.0);
  auto words = line::read_words(model, framed.picture, whitelist);
  const int left = upside_down ? page.width - framed.from.x - framed.from.width : framed.from.x;
  const int top = upside_down ? page.height - framed.from.y - framed.from.height : framed.from.y;
  for (auto& word : words) {
    const auto back = [&](int v) { return static_cast<int>(std::lround(v / framed.scale)); };
    word.box = {left + back(word.box.x), top, back(word.box.width), framed.from.height};
  }
  return words;
}

}  // namespace

Result<std::vector<Word>> ocr(const imaging::Image& gray, OcrMode mode, const Deadline& deadline, const std::string& whitelist,
                              const std::string& language) {
  if (gray.empty() || gray.channels != 1) return Error{Errc::internal, "ocr: expects a gray image"};
  if (deadline.passed()) return Errc::request_timeout;
  if (const line::Model* english = mode == OcrMode::line && language == "eng" ? line::english() : nullptr)
    return read_with(*english, gray, {0, 0, gray.width, gray.height}, false, 36, whitelist);
  Engine& engine = engine_for(language);
  if (!engine.ready)
    return Error{Errc::capability_unavailable, "tesseract: language data '" + language + "' not found (tesseract-ocr-" + language + ")"};
  auto& api = engine.api;
  api.SetPageSegMode(mode == OcrMode::sparse  ? tesseract::PSM_SPARSE_TEXT
                     : mode == OcrMode::block ? tesseract::PSM_SINGLE_BLOCK
                                              : tesseract::PSM_SINGLE_LINE);
  api.SetVariable("tessedit_char_whitelist", whitelist.c_str());
  api.SetImage(gray.pixels.data(), gray.width, gray.height, 1, static_cast<int>(gray.stride()));
  api.SetSourceResolution(300);
  tesseract::ETEXT_DESC monitor;
  if (deadline.at != std::chrono::steady_clock::time_point::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.at - std::chrono::steady_clock::now()).count();
    monitor.set_deadline_msecs(static_cast<int32_t>(std::clamp<long long>(left, 1, 600'000)));
  }
  std::vector<Word> words;
  if (api.Recognize(&monitor) == 0) {
    const std::unique_ptr<tesseract::ResultIterator> it{api.GetIterator()};
    if (it) {
      do {
        if (it->Empty(tesseract::RIL_WORD)) continue;
        const std::unique_ptr<char[]> text{it->GetUTF8Text(tesseract::RIL_WORD)};
        if (!text || text[0] == '\0' || (text[0] == ' ' && text[1] == '\0')) continue;
        int x0 = 0;
        int y0 = 0;
        int x1 = 0;
        int y1 = 0;
        it->BoundingBox(tesseract::RIL_WORD, &x0, &y0, &x1, &y1);
        words.push_back({text.get(), it->Confidence(tesseract::RIL_WORD) / 100.0, {x0, y0, x1 - x0, y1 - y0}});
      } while (it->Next(tesseract::RIL_WORD));
    }
  }
  api.Clear();
  if (deadline.passed()) return Errc::request_timeout;
  return words;
}

Result<std::vector<Word>> ocr_line(const imaging::Image& page, const imaging::Box& line, const Deadline& deadline, bool upside_down,
                                   int height, const std::string& whitelist, const std::string& language) {
  if (const line::Model* english = language == "eng" ? line::english() : nullptr) {
    if (deadline.passed()) return Errc::request_timeout;
    return read_with(*english, page, line, upside_down, height, whitelist);
  }
  const int pad = line.height / 3 + 2;
  const imaging::Box wide{line.x - pad, line.y - pad, line.width + 2 * pad, line.height + 2 * pad};
  const int x0 = std::max(0, wide.x);
  const int y0 = std::max(0, wide.y);
  imaging::Image part = imaging::crop(page, wide);
  if (part.empty() || line.height < 3) return std::vector<Word>{};
  const double scale = std::min(static_cast<double>(height) / line.height, 4000.0 / part.width);
  const int w = std::max(8, static_cast<int>(std::lround(part.width * scale)));
  const int h = std::max(8, static_cast<int>(std::lround(part.height * scale)));
  if (upside_down) part = imaging::rotate_quarter(part, 2);
  AX_TRY(auto words, ocr(imaging::resize(part, w, h), OcrMode::line, deadline, whitelist, language));
  const int left = upside_down ? page.width - x0 - part.width : x0;
  const int top = upside_down ? page.height - y0 - part.height : y0;
  for (auto& word : words) {
    const auto back = [&](int v) { return static_cast<int>(std::lround(v / scale)); };
    word.box = {left + back(word.box.x), top + back(word.box.y), back(word.box.width), back(word.box.height)};
  }
  return words;
}

}  // namespace authx::document
