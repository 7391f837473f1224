#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/iris/types.h"
#include "imaging/image.h"

namespace authx::iris {

/// One picture of an iris image record.
struct RecordImage {
  Eye eye = Eye::unknown;
  std::uint8_t quality = 0;  ///< 0..100; 254, 255: not known
  std::uint16_t width = 0, height = 0;
  std::uint8_t depth = 8;    ///< bits a colour
  std::uint16_t format = 0;  ///< as the record numbers it
  bool raw = false;          ///< pixels without a file format around them
  int channels = 1;          ///< of raw pixels
  BytesView data;            ///< within the record
};

struct Record {
  int year = 2005;  ///< of the standard's edition: 2005 or 2011
  std::vector<RecordImage> images;
};

inline constexpr std::size_t kMaxRecordBytes = std::size_t{32} << 20;
inline constexpr std::size_t kMaxRecordImages = 64;

/// True for the format identifier "IIR".
bool is_record(BytesView bytes) noexcept;

/// Reads ISO/IEC 19794-6:2005 (rectilinear images) and :2011 records. The images' data stay in `bytes`.
/// Errors: validation on field "record" for anything that breaks the layout or a limit.
Result<Record> read_record(BytesView bytes);

/// The picture: raw, JPEG, PNG or JPEG 2000, which must have the size that the record says.
Result<imaging::Image> picture(const RecordImage& image);

/// A record of one raw 8-bit gray picture. Errors: validation for an empty or too large picture.
Result<Bytes> write_record(const imaging::Image& gray, Eye eye, int year);

}  // namespace authx::iris
