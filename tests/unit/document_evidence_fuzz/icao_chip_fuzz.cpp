#include <cstdlib>
#include <vector>

#include "engines/document/evidence/icao_chip.h"

/// Files of a chip, one after the other: each begins with its length in two bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const document::TrustStore trust;
  std::vector<BytesView> files;
  BytesView rest{data, size};
  while (rest.size() > 2 && files.size() < 8) {
    const std::size_t length = std::min<std::size_t>(rest.size() - 2, static_cast<std::size_t>(rest[0]) << 8 | rest[1]);
    files.push_back(rest.subspan(2, length));
    rest = rest.subspan(2 + length);
  }
  const Time now{std::chrono::sys_days{std::chrono::year{2025} / 6 / 1}};
  if (document::read_icao_chip(files, trust, now).verified()) std::abort();
  (void)document::face_picture({data, size});
  return 0;
}
