#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engines/document/text.h"
#include "imaging/image.h"

namespace authx::document {

enum class OcrMode { sparse, block, line };

/// Recognises print. English lines are read by `line/reader.h`, which gives the answers of Tesseract's network in a tenth of the time; all
/// else, and English where its data is of another kind, by Tesseract. Of that each thread keeps one engine for English, loaded on first use
/// (about 50 ms), and those of the two other languages used last; all are freed when the thread ends. It works on one core. `whitelist`
/// limits the characters when not empty; `language` is Tesseract's name, "hin", "tam", ...
/// Errors: `Errc::capability_unavailable` without the language data, `Errc::request_timeout`.
Result<std::vector<Word>> ocr(const imaging::Image& gray, OcrMode mode, const Deadline& deadline, const std::string& whitelist = {},
                              const std::string& language = "eng");

/// One line of a page: cut out with a margin, brought to the size that is read best, read. Boxes are on the page.
/// `upside_down` turns it first; the boxes then are on the page turned by half. `height` is the ink's height when it is read, 36 as the
/// networks are used to: others show a line that was not read surely in another way.
Result<std::vector<Word>> ocr_line(const imaging::Image& page, const imaging::Box& line, const Deadline& deadline, bool upside_down = false,
                                   int height = 36, const std::string& whitelist = {}, const std::string& language = "eng");

}  // namespace authx::document
