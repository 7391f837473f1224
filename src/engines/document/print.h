#pragma once

#include <optional>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engines/document/lines.h"
#include "engines/document/text.h"
#include "imaging/image.h"

namespace authx::document {

/// The Latin print of a page and what else is written on it.
struct Print {
  int quarter_turns = 0;        ///< clockwise turns that put the given page upright
  std::vector<Row> rows;        ///< on the upright page
  std::vector<TextLine> lines;  ///< on the upright page; those of another script are in no row
};

/// Finds the lines of a page, tells by a few of them which way is up, and reads each line once. `turns` says which way is up when
/// that is known. Errors as `ocr`.
Result<Print> read_print(const imaging::Image& gray, std::optional<int> turns, const Deadline& deadline);

/// The slow, thorough way for an upright page: Tesseract's own search for sparse text.
Result<std::vector<Row>> read_sparse(const imaging::Image& gray, const Deadline& deadline);

}  // namespace authx::document
