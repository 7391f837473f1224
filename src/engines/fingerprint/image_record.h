#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace authx::fingerprint {

/// Editions of ISO/IEC 19794-4, finger image data.
enum class ImageRecordFormat {
  iso_2005,  ///< version "010"
  iso_2011,  ///< version "020"
};

/// How an image's bytes are to be read. The values are those of the 2005 edition.
enum class ImageCompression : std::uint8_t { none = 0, packed = 1, wsq = 2, jpeg = 3, jpeg2000 = 4, png = 5 };

/// One finger's image as it lies in the record.
struct FingerImage {
  std::uint8_t position = 0;         ///< 0 unknown, 1 right thumb .. 10 left little finger; palms and slaps above
  std::uint8_t impression_type = 0;  ///< 0 live-scan plain, ...
  std::uint8_t quality = 254;        ///< 0..100; 254: not reported, 255: failed
  int width = 0, height = 0;
  int dpi = 0;  ///< of the image, the mean of both directions
  int depth = 8;
  ImageCompression compression = ImageCompression::none;
  Bytes data;

  bool operator==(const FingerImage&) const = default;
};

struct ImageRecord {
  ImageRecordFormat format = ImageRecordFormat::iso_2005;
  std::vector<FingerImage> images;  ///< 1..kMaxImages

  static constexpr std::size_t kMaxImages = 42;
};

bool is_image_record(BytesView bytes) noexcept;

/// Strict: lengths must agree with each other and with the bytes, and values with the standard; nothing is reserved that the
/// bytes do not hold. Extended data after an image is passed over. Error: validation with the field that is wrong.
Result<ImageRecord> read_image_record(BytesView bytes);

/// Error: validation when a value does not fit the format.
Result<Bytes> write_image_record(const ImageRecord& record);

}  // namespace authx::fingerprint
