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

/// The lines of a page, found but not read.
struct Layout {
  imaging::Image page;  ///< lying or standing so that lines run across; at the size that is read
  int quarter = 0;      ///< clockwise turns from the given page: 0 or 1
  double scale = 1;     ///< of `page` to the given page
  std::vector<TextLine> lines;
};

Layout find_layout(const imaging::Image& gray);

/// Whether a machine-readable zone may be among the lines: two that run over most of the page.
bool may_hold_zone(const Layout& layout);

/// Tells by a few lines which way is up, and reads each line once. `turns` says which way is up when that is known. With `zone_read` the
/// lines of a machine-readable zone are left out.
/// Errors as `ocr`.
Result<Print> read_print(Layout layout, std::optional<int> turns, bool zone_read, const Deadline& deadline);

/// The slow, thorough way for an upright page: Tesseract's own search for sparse text.
Result<std::vector<Row>> read_sparse(const imaging::Image& gray, const Deadline& deadline);

}  // namespace authx::document
