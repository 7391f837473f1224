#pragma once

#include <string>

#include "base/bytes.h"

namespace authx::document::authenticity {

/// What an untrusted picture file says about itself, at most 64 KiB of it. Bounded work; damaged parts are left out.
struct Metadata {
  std::string text;     ///< EXIF software, make and model; XMP; comments; PNG text; one a line
  BytesView preview{};  ///< the EXIF thumbnail, a JPEG inside the file
};
Metadata read_metadata(BytesView file);

}  // namespace authx::document::authenticity
