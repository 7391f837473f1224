#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace authx::document {

enum class Deflated { gzip_or_zlib, raw };

struct Inflated {
  Bytes bytes;
  std::size_t consumed = 0;  ///< of the input
};

/// Decompresses one whole stream; nothing when it is damaged, cut short, or would give more than `most` bytes. Never holds
/// more than `most` bytes.
std::optional<Inflated> inflate_capped(BytesView data, std::size_t most, Deflated format);

}  // namespace authx::document
