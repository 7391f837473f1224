#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/iris/types.h"

namespace authx::iris {

/// The phase code: signs of the real and imaginary responses of Gabor filters of three wavelengths at 8 rows (pupil to
/// limbus) and 256 angles, and a mask of the places where they see mostly iris. 12,288 bits, 6,144 mask bits.
/// A group is one filter at one row: 256 real bits, 256 imaginary bits, 256 mask bits; bit k of a run is the angle
/// 2*pi*k/256, least significant bit of the first word first. Masked-out bits are 0.
struct Code {
  static constexpr int kRows = 8, kColumns = 256, kScales = 3, kGroups = kRows * kScales;
  struct alignas(32) Group {
    std::array<std::uint64_t, 8> bits{};  ///< 4 words real, 4 words imaginary
    std::array<std::uint64_t, 4> mask{};
    std::array<std::uint64_t, 4> unused{};  ///< keeps groups aligned to 64 bytes
    bool operator==(const Group&) const = default;
  };
  std::array<Group, kGroups> groups{};  ///< by scale, then row

  int usable_bits() const noexcept;  ///< 0..12,288
  bool operator==(const Code&) const = default;
};

struct Template {
  Eye eye = Eye::unknown;
  Light light = Light::near_infrared;
  std::uint8_t quality = 0;  ///< 0..100
  Code code;
  bool operator==(const Template&) const = default;
};

inline constexpr std::uint8_t kTemplateVersion = 1;
inline constexpr std::uint8_t kParameters = 1;  ///< of filters and sheet; codes of different parameters cannot be compared
inline constexpr std::size_t kTemplateBytes = 12 + Code::kGroups * 96;

/// The engine's own format, 2,316 bytes: "AXIT", version, parameters, eye, light, quality, 0, 0, 0, then the groups' words,
/// little-endian. Not an exchange format: what is exchanged of irises is images.
Bytes serialize(const Template& t);
/// Errors: validation for anything that `serialize` would not have written.
Result<Template> deserialize(BytesView bytes);

}  // namespace authx::iris
