#include <algorithm>
#include <cstdlib>

#include "engines/fingerprint/exchange.h"
#include "engines/fingerprint/matcher.h"
#include "engines/fingerprint/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  using namespace authx::fingerprint;
  const BytesView bytes{data, size};
  if (const auto own = deserialize(bytes)) {
    if (!std::ranges::equal(serialize(*own), bytes)) std::abort();
    (void)match(*own, *own);
  }
  for (const auto format :
       {std::optional<Format>{}, std::optional{Format::iso_2005}, std::optional{Format::ansi_2004}, std::optional{Format::iso_2011},
        std::optional{Format::iso_2005_card}, std::optional{Format::iso_2005_card_compact}}) {
    const auto record = read_record(bytes, format);
    if (!record) continue;
    const auto again = write_record(*record);
    if (!again || !std::ranges::equal(*again, bytes)) std::abort();
    for (const auto other : {Format::iso_2005, Format::iso_2011, Format::iso_2005_card, Format::iso_2005_card_compact, Format::ansi_2004}) {
      if (const auto converted = convert(*record, other)) (void)write_record(*converted);
    }
    if (record->views.front().minutiae.size() <= 40) {  // describing many costs time, not coverage
      if (const auto t = to_template(record->views.front(), record->format)) (void)match(*t, *t);
    }
  }
  return 0;
}
