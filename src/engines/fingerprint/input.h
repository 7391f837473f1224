#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/result.h"
#include "imaging/image.h"

namespace authx::fingerprint {

/// Gray pixels of bare rows, without a header.
struct RawSize {
  int width = 0, height = 0;  ///< 32..4,000 each
};

/// One picture of a finger as it came in.
struct InputImage {
  imaging::Image image;
  int dpi = 0;                ///< as declared in the file; 0: not declared
  std::uint8_t position = 0;  ///< ISO/IEC 19794's finger position, when the file has it
};

/// Reads pictures of fingers: PNG, JPEG, BMP, TIFF, WebP and JPEG 2000, WSQ, ISO/IEC 19794-4 records (every image of one),
/// and, with `raw`, bare gray rows of exactly that size. Resolutions that only say how large a picture is to be shown (below
/// 200 dpi) do not count as declared. Never empty. Blocking.
/// Errors: validation on field "image" or "finger_image.*"; request_timeout when `deadline` passes.
Result<std::vector<InputImage>> read_input(BytesView file, std::optional<RawSize> raw = {}, const Deadline& deadline = {});

}  // namespace authx::fingerprint
