#include <cstdlib>

#include "engines/document/authenticity/metadata.h"
#include "imaging/jpeg_blocks.h"

/// What is read from a picture's file beside its pixels: Exif, XMP, comments, the preview, a JPEG's quantised blocks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const BytesView file{data, size};
  const auto meta = document::authenticity::read_metadata(file);
  if (meta.text.size() > (std::size_t{64} << 10) + 4096) std::abort();
  if (!meta.preview.empty() && (meta.preview.data() < data || meta.preview.data() + meta.preview.size() > data + size)) std::abort();
  if (const auto blocks = imaging::read_jpeg_blocks(file, 400'000)) {
    if (blocks->blocks.size() != static_cast<std::size_t>(blocks->columns) * static_cast<std::size_t>(blocks->rows)) std::abort();
    for (const int side : {1, 8, 4000}) {
      const auto box = blocks->stored({side / 3, side / 2, side, side});
      if (box) (void)blocks->shown(*box);
    }
  }
  return 0;
}
