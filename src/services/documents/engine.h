#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "engines/document/reading.h"
#include "engines/document/reader.h"

/// Where this service meets the document engine: all that would change with the engine's calls is here.
namespace authx::documents {

/// Stored with every reading; raised when readings of the same picture may come out differently. Numbers separated by any other
/// characters, compared number by number.
inline constexpr std::string_view kEngineVersion = "2026.11.2";

/// Whether version `a` is older than `b`.
bool older(std::string_view a, std::string_view b);

/// One page as it was given, with its place among the pages of its side.
struct Picture {
  document::Side side = document::Side::front;
  int page = 1;
  imaging::Image image;
  std::vector<imaging::Quad> secrets{};  ///< where numbers stand that must not be kept; filled by `read_pictures`
};

/// Reads a document from all its pages and marks on each what must be painted over, whatever document it turns out to be.
/// Blocking. Errors as `document::read`.
Result<document::Reading> read_pictures(std::vector<Picture>& pictures, const document::ReadOptions& options, const Deadline& deadline);

/// 64 bits that stay nearly the same when a picture is scaled, compressed or brightened (DCT sign hash: C. Zauner,
/// "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1).
std::uint64_t picture_print(const imaging::Image& picture);

}  // namespace authx::documents
