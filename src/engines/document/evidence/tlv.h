#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace authx::document {

/// One BER element with definite length: tag as its bytes read big-endian (0x5F1F), at most three; length of at most four bytes.
struct Tlv {
  std::uint32_t tag = 0;
  BytesView value;
  BytesView whole;  ///< tag, length and value
};

/// Walks elements that stand one after the other. Never reads past its bytes.
class TlvReader {
 public:
  explicit TlvReader(BytesView bytes) : rest_(bytes) {}
  /// The next element; nothing at the end or when it is damaged, which `failed` then tells.
  std::optional<Tlv> next();
  bool failed() const noexcept { return failed_; }
  bool done() const noexcept { return !failed_ && rest_.empty(); }

 private:
  BytesView rest_;
  bool failed_ = false;
};

/// The first direct child with that tag; nothing when absent or when an element before it is damaged.
std::optional<Tlv> child(BytesView content, std::uint32_t tag);

}  // namespace authx::document
