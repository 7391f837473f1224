#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace authx::crypto::cbor {

enum class Kind : std::uint8_t { integer, bytes, text, array, map, boolean, null };

struct Member;

/// A data item of CBOR (RFC 8949) as WebAuthn uses it: definite lengths, shortest forms, no tags, floats or simple values but
/// true, false and null. Byte and text strings are views into the input.
struct Item {
  Kind kind = Kind::null;
  std::int64_t integer = 0;
  bool boolean = false;
  BytesView bytes;  ///< of a text string too
  std::vector<Item> items;
  std::vector<Member> members;  ///< keys are integers or text, each once, in the canonical order of CTAP2

  std::string_view text() const noexcept { return as_text(bytes); }
  const Item* find(std::string_view name) const noexcept;
  const Item* find(std::int64_t label) const noexcept;
};

struct Member {
  Item key, value;
};

struct Parsed {
  Item item;
  std::size_t size = 0;  ///< bytes that it took: more may follow
};

/// Reads one item from the beginning of `in`. Limits: 16 KiB, depth 4 (CTAP2 section 8), 64 members of a map or array.
/// Error: validation on "cbor".
Result<Parsed> parse(BytesView in);

}  // namespace authx::crypto::cbor
