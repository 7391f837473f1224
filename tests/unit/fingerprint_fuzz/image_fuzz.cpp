#include <cstdlib>

#include "engines/fingerprint/image_record.h"
#include "engines/fingerprint/input.h"
#include "engines/fingerprint/protection.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  using namespace authx::fingerprint;
  const BytesView bytes{data, size};
  if (const auto record = read_image_record(bytes)) {
    const auto written = write_image_record(*record);
    if (written) {  // the 2005 edition cannot say what differs from image to image, nor a device
      const auto back = read_image_record(*written);
      if (!back || back->images != record->images) std::abort();
    }
  }
  if (is_image_record(bytes)) (void)read_input(bytes, {}, Deadline::after(std::chrono::seconds{5}));
  if (const auto t = deserialize_protected(bytes)) {
    const Bytes again = serialize(*t);
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
    static const Protection protection{Bytes(32, 1)};
    static const ProtectedProbe probe{
        protection, [] {
          Template finger;
          finger.width = finger.height = 300;
          for (std::int16_t i = 0; i < 40; ++i)
            finger.minutiae.push_back({static_cast<std::int16_t>(20 + i * 37 % 260), static_cast<std::int16_t>(20 + i * 53 % 260),
                                       static_cast<std::uint8_t>(i * 29), MinutiaType::ending, 50});
          describe(finger);
          return finger;
        }()};
    (void)probe.match(*t);
  }
  return 0;
}
