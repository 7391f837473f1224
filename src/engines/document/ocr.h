#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engines/document/text.h"
#include "imaging/image.h"

namespace authx::document {

enum class OcrMode { sparse, block, line };

/// Recognises English text with Tesseract's LSTM engine. Each thread keeps one engine, loaded on first use (about 50 ms) and
/// freed when the thread ends; it works on one core. `whitelist` limits the characters when not empty.
/// Errors: `Errc::capability_unavailable` without the language data, `Errc::request_timeout`.
Result<std::vector<Word>> ocr(const imaging::Image& gray, OcrMode mode, const Deadline& deadline, const std::string& whitelist = {});

}  // namespace authx::document
