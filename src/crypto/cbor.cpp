#include "crypto/cbor.h"

#include <algorithm>

namespace authx::crypto::cbor {
namespace {

constexpr std::size_t kMaxInput = 16 * 1024;
constexpr std::size_t kMaxItems = 64;
constexpr int kMaxDepth = 4;

Error fault(const char* reason) { return Error::invalid("cbor", reason); }

class Reader {
 public:
  explicit Reader(BytesView in) : in_(in) {}
  std::size_t used() const noexcept { return at_; }

  Result<Item> item(int depth) {
    if (at_ >= in_.size()) return fault("ends early");
    const auto first = in_[at_++];
    const auto major = static_cast<unsigned>(first >> 5);
    const auto info = static_cast<unsigned>(first & 31U);
    Item out;
    if (major == 7) {
      if (info == 22) return out;
      if (info != 20 && info != 21) return fault("has a value of a kind that is not taken");
      out.kind = Kind::boolean;
      out.boolean = info == 21;
      return out;
    }
    AX_TRY(const auto count, argument(info));
    switch (major) {
      case 0:
      case 1:
        if (count > INT64_MAX) return fault("has too large a number");
        out.kind = Kind::integer;
        out.integer = major == 0 ? static_cast<std::int64_t>(count) : -1 - static_cast<std::int64_t>(count);
        return out;
      case 2:
      case 3:
        if (count > in_.size() - at_) return fault("ends early");
        out.kind = major == 2 ? Kind::bytes : Kind::text;
        out.bytes = in_.subspan(at_, count);
        at_ += count;
        return out;
      case 4:
      case 5: break;
      default: return fault("has a tag");
    }
    if (depth >= kMaxDepth) return fault("is nested too deeply");
    if (count > kMaxItems) return fault("has too many items");
    out.kind = major == 4 ? Kind::array : Kind::map;
    BytesView last;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto start = at_;
      AX_TRY(auto key, item(depth + 1));
      if (out.kind == Kind::array) {
        out.items.push_back(std::move(key));
        continue;
      }
      if (key.kind != Kind::integer && key.kind != Kind::text) return fault("has a key that is neither number nor text");
      const auto raw = in_.subspan(start, at_ - start);
      if (i > 0 && !before(last, raw)) return fault("has keys out of order or twice");
      last = raw;
      AX_TRY(auto value, item(depth + 1));
      out.members.push_back({std::move(key), std::move(value)});
    }
    return out;
  }

 private:
  /// Shorter encodings first, then bytewise; by major type first, as both are in the first byte.
  static bool before(BytesView a, BytesView b) {
    if (a[0] >> 5 != b[0] >> 5) return a[0] >> 5 < b[0] >> 5;
    if (a.size() != b.size()) return a.size() < b.size();
    return std::ranges::lexicographical_compare(a, b);
  }

  Result<std::uint64_t> argument(unsigned info) {
    if (info < 24) return std::uint64_t{info};
    if (info > 27) return fault("has an indefinite or reserved length");
    const std::size_t bytes = std::size_t{1} << (info - 24);
    if (bytes > in_.size() - at_) return fault("ends early");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | in_[at_++];
    const bool shortest = bytes == 1 ? value >= 24 : value >> (bytes * 4) != 0;
    if (!shortest) return fault("has a number that is longer than needed");
    return value;
  }

  BytesView in_;
  std::size_t at_ = 0;
};

}  // namespace

const Item* Item::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : members)
    if (key.kind == Kind::text && key.text() == name) return &value;
  return nullptr;
}

const Item* Item::find(std::int64_t label) const noexcept {
  for (const auto& [key, value] : members)
    if (key.kind == Kind::integer && key.integer == label) return &value;
  return nullptr;
}

Result<Parsed> parse(BytesView in) {
  if (in.size() > kMaxInput) return fault("is too long");
  Reader reader{in};
  AX_TRY(auto item, reader.item(0));
  return Parsed{std::move(item), reader.used()};
}

}  // namespace authx::crypto::cbor
