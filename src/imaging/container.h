#pragma once

#include <optional>
#include <string>

#include "imaging/decode.h"

namespace authx::imaging::detail {

/// The one shape that every refusal takes.
Error refuse(std::string reason);

/// What a walk over a file's structure found, without decompressing anything.
struct Layout {
  FileFormat format = FileFormat::jpeg;
  int width = 0;
  int height = 0;
  int pages = 1;
  int orientation = 1;  ///< EXIF 1..8
};

std::optional<FileFormat> sniff(BytesView file);
Result<Layout> walk(BytesView file, const DecodeLimits& limits);
Result<> check_size(long long width, long long height, const DecodeLimits& limits);

/// The orientation tag of a TIFF structure (an EXIF block); 1 when absent or damaged.
int exif_orientation(BytesView tiff);

}  // namespace authx::imaging::detail
