#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imaging/geometry.h"

namespace authx::document {

struct Word {
  std::string text;       ///< UTF-8
  double confidence = 0;  ///< 0..1
  imaging::Box box;
};

/// Words that stand on one visual line, left to right.
struct Row {
  std::vector<Word> words;
  imaging::Box box;
  std::string text() const;   ///< words with single spaces
  double confidence() const;  ///< mean over the words, weighted by length
};

/// Groups words by where they stand, whatever blocks the OCR put them in.
std::vector<Row> group_rows(std::vector<Word> words);

imaging::Box join(const imaging::Box& a, const imaging::Box& b);

/// Where `needle` occurs in `text` with the fewest edits (Sellers, 1980). Case and everything but letters and digits are ignored.
struct Match {
  bool found = false;
  std::size_t end = 0;  ///< index in `text` just past the match
  int edits = 0;
};
/// At most one edit for every five letters of `needle`.
Match find_like(std::string_view text, std::string_view needle);
inline bool has_like(std::string_view text, std::string_view needle) { return find_like(text, needle).found; }

}  // namespace authx::document
