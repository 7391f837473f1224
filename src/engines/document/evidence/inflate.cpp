#include "engines/document/evidence/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace authx::document {

std::optional<Inflated> inflate_capped(BytesView data, std::size_t most, Deflated format) {
  z_stream z{};
  // 32 lets zlib tell gzip from zlib by the header; a negative window is a raw stream.
  if (inflateInit2(&z, format == Deflated::raw ? -MAX_WBITS : MAX_WBITS + 32) != Z_OK) return std::nullopt;
  Inflated out;
  z.next_in = const_cast<Bytef*>(data.data());
  z.avail_in = static_cast<uInt>(std::min<std::size_t>(data.size(), 1U << 30));
  int state = Z_OK;
  while (state == Z_OK && out.bytes.size() <= most) {
    const std::size_t had = out.bytes.size();
    const std::size_t step = std::min<std::size_t>(std::size_t{1} << 14, most + 1 - had);
    if (step == 0) break;
    out.bytes.resize(had + step);
    z.next_out = out.bytes.data() + had;
    z.avail_out = static_cast<uInt>(step);
    state = inflate(&z, Z_NO_FLUSH);
    out.bytes.resize(had + step - z.avail_out);
    if (state == Z_OK && z.avail_in == 0 && z.avail_out != 0) break;  // cut short
  }
  out.consumed = z.total_in;
  inflateEnd(&z);
  if (state != Z_STREAM_END || out.bytes.size() > most) return std::nullopt;
  return out;
}

}  // namespace authx::document
