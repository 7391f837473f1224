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

/// Tells by a few lines which way is up, and reads each line once.
class PrintReader {
 public:
  /// `turns` says which way is up when that is known. With `zone_likely` the lines that look like a machine-readable zone's don't tell
  /// which way is up. Errors of all members as of `ocr`.
  static Result<PrintReader> start(Layout layout, std::optional<int> turns, bool zone_likely, const Deadline& deadline);

  /// Reads the lines not read yet; those that look like a zone's only on request.
  Result<void> read(bool zone_lines, const Deadline& deadline);
  int quarter_turns() const { return quarter_turns_; }
  /// What has been read so far.
  Print print() const;

 private:
  bool like_zone(const TextLine& line) const;
  Result<void> look_again(std::size_t line, const Deadline& deadline);
  bool settled(std::size_t line) const;

  imaging::Image page_;
  double scale_ = 1;
  int quarter_turns_ = 0;
  int second_looks_ = 0;
  std::vector<TextLine> lines_;
  std::vector<std::vector<Word>> words_;  ///< of each line
  std::vector<bool> first_, done_;        ///< read once; read as well as it can be
};

/// The slow, thorough way for an upright page: Tesseract's own search for sparse text.
Result<std::vector<Row>> read_sparse(const imaging::Image& gray, const Deadline& deadline);

}  // namespace authx::document
