#include "engines/iris/template.h"

#include <algorithm>
#include <bit>

namespace authx::iris {
namespace {

constexpr std::array<std::uint8_t, 4> kMark{'A', 'X', 'I', 'T'};

Error wrong(std::string reason) { return Error::invalid("template", std::move(reason)); }

void put(Bytes& out, std::uint64_t v) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}

std::uint64_t get(const std::uint8_t* p) {
  std::uint64_t v = 0;
  for (int i = 8; i-- > 0;) v = v << 8 | p[i];
  return v;
}

}  // namespace

int Code::usable_bits() const noexcept {
  int n = 0;
  for (const Group& g : groups) {
    for (const std::uint64_t w : g.mask) n += 2 * std::popcount(w);
  }
  return n;
}

Bytes serialize(const Template& t) {
  Bytes out{kMark.begin(), kMark.end()};
  out.reserve(kTemplateBytes);
  for (const int v : {int{kTemplateVersion}, int{kParameters}, static_cast<int>(t.eye), static_cast<int>(t.light), int{t.quality}, 0, 0, 0})
    out.push_back(static_cast<std::uint8_t>(v));
  for (const Code::Group& g : t.code.groups) {
    for (const std::uint64_t w : g.bits) put(out, w);
    for (const std::uint64_t w : g.mask) put(out, w);
  }
  return out;
}

Result<Template> deserialize(BytesView bytes) {
  if (bytes.size() < 6 || !std::ranges::equal(bytes.first(4), kMark)) return wrong("is no iris template");
  if (bytes[4] != kTemplateVersion) return wrong("is of another version");
  if (bytes[5] != kParameters) return wrong("was made with other parameters");
  if (bytes.size() != kTemplateBytes) return wrong("has the wrong size");
  if (bytes[6] > 2 || bytes[7] > 1 || bytes[8] > 100 || bytes[9] != 0 || bytes[10] != 0 || bytes[11] != 0)
    return wrong("has a header field out of bounds");
  Template t{static_cast<Eye>(bytes[6]), static_cast<Light>(bytes[7]), bytes[8], {}};
  const std::uint8_t* p = bytes.data() + 12;
  for (Code::Group& g : t.code.groups) {
    for (std::uint64_t& w : g.bits) w = get(p), p += 8;
    for (std::uint64_t& w : g.mask) w = get(p), p += 8;
    for (std::size_t i = 0; i < 8; ++i) {
      if ((g.bits[i] & ~g.mask[i % 4]) != 0) return wrong("sets bits that its mask leaves out");
    }
  }
  return t;
}

}  // namespace authx::iris
