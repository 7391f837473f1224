#pragma once

#include <string_view>
#include <vector>

#include "engines/document/line/model.h"
#include "engines/document/text.h"
#include "imaging/image.h"

namespace authx::document::line {

/// A line's picture: `picture` is gray and has `Model::kHeight` rows. Words from left to right with their places on it, each as high as
/// the picture. A word's confidence falls with its least certain character; the more so for what is neither number nor known word.
/// `whitelist` limits the characters when not empty.
std::vector<Word> read_words(const Model& model, const imaging::Image& picture, std::string_view whitelist = {});

/// English, loaded on first use and shared by all threads; null where Tesseract's data for it is missing or of another kind.
const Model* english();

}  // namespace authx::document::line
