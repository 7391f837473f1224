#include <cstdlib>

#include "engines/iris/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const auto record = iris::read_record({data, size});
  if (!record) return 0;
  if (record->images.empty() || record->images.size() > iris::kMaxRecordImages) std::abort();
  for (const auto& image : record->images) {
    const auto picture = iris::picture(image);
    if (picture && (picture->width != image.width || picture->height != image.height)) std::abort();
  }
  return 0;
}
