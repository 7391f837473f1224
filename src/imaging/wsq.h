#pragma once

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/result.h"
#include "imaging/image.h"

namespace authx::imaging {

/// A fingerprint image in the FBI's Wavelet Scalar Quantization format (IAFIS-IC-0110, version 3.1): 8-bit gray.
struct WsqImage {
  Image image;  ///< one channel
  int dpi = 0;  ///< from the NIST comment ("PPI 500"); 0 when there is none
};

/// What an untrusted WSQ file may cost. A short file can stand for a large picture of zeros, so pixels are bounded first.
struct WsqLimits {
  std::size_t max_bytes = std::size_t{10} << 20;
  std::int64_t max_pixels = 12'000'000;
  int max_side = 10'000;
};

bool is_wsq(BytesView file) noexcept;

/// Filters must be symmetric with an odd number of taps, as in every encoder that the FBI certified. Blocking, CPU-bound:
/// some 20 ms for a 500 x 500 image. Errors: validation on field "image"; request_timeout when `deadline` passes.
Result<WsqImage> decode_wsq(BytesView file, const WsqLimits& limits = {}, const Deadline& deadline = {});

/// The FBI's 9/7-tap filters and bit allocation. `bits_per_pixel`: 0.75 gives about 15:1, 2.25 about 5:1.
/// Errors: validation for an image that is not gray, smaller than 32 pixels a side, or beyond 65,535.
Result<Bytes> encode_wsq(const Image& image, double bits_per_pixel = 0.75, int dpi = 500);

}  // namespace authx::imaging
