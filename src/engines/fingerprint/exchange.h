#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

/// Finger minutiae formats that other makers read.
enum class Format {
  iso_2005,               ///< ISO/IEC 19794-2:2005 record
  iso_2011,               ///< ISO/IEC 19794-2:2011 record
  iso_2005_card,          ///< ISO/IEC 19794-2:2005 on-card comparison, normal size: 5 bytes a minutia, no header
  iso_2005_card_compact,  ///< the same, compact size: 3 bytes a minutia, no header
  ansi_2004,              ///< ANSI/INCITS 378-2004
};
std::string_view to_string(Format format) noexcept;  ///< "iso-2005", "iso-2011", "iso-card", "iso-card-compact", "ansi-2004"
std::optional<Format> format_from(std::string_view name) noexcept;

/// As in the file: coordinates in 1 / `View::x_per_cm`, angles in `angle_steps(format)` a turn.
struct RawMinutia {
  std::uint8_t type = 0;  ///< 0 other, 1 ending, 2 bifurcation
  std::uint16_t x = 0, y = 0;
  std::uint8_t angle = 0;
  std::uint8_t quality = 0;  ///< 0: not reported; in the 2011 format 254 and 255 also occur
  bool operator==(const RawMinutia&) const = default;
};

struct View {
  std::uint8_t position = 0;            ///< 0 unknown, 1 right thumb .. 10 left little finger
  std::uint8_t number = 0;              ///< of the same finger
  std::uint8_t impression_type = 0;     ///< 0 live-scan plain, ...
  std::uint8_t quality = 0;             ///< 0..100
  std::uint16_t width = 0, height = 0;  ///< pixels; of all views in the formats before 2011
  std::uint16_t x_per_cm = 197, y_per_cm = 197;
  std::vector<RawMinutia> minutiae;
  Bytes extended;  ///< extended data areas, uninterpreted
  // Only in the 2011 format:
  std::array<std::uint8_t, 9> captured_at{};
  std::uint8_t device_technology = 0;
  std::uint16_t device_vendor = 0, device_type = 0;
  std::vector<std::array<std::uint8_t, 5>> quality_blocks;
  std::vector<std::array<std::uint8_t, 3>> certifications;
  std::uint8_t ridge_ending_type = 0;
  bool minutia_quality = true;

  bool operator==(const View&) const = default;
};

/// One file. `write_record(read_record(bytes))` gives the same bytes.
struct Record {
  Format format = Format::iso_2005;
  std::uint32_t product_id = 0;  ///< CBEFF, ANSI only
  std::uint16_t device = 0;      ///< certification and type of the capture equipment, before 2011
  bool certified = false;        ///< 2011: certification blocks are present
  std::uint8_t reserved = 0;     ///< the reserved header byte before 2011
  std::vector<View> views;

  bool operator==(const Record&) const = default;
};

int angle_steps(Format format) noexcept;

/// Strict: lengths must agree with each other and with the bytes, counts and values with the standard; never reads
/// beyond the bytes and never reserves more than they can hold. Card formats have no mark of their own, so they must be
/// named; without `format` the record formats are told apart by their headers.
/// Error: validation, with the field that is wrong.
Result<Record> read_record(BytesView bytes, std::optional<Format> format = {});

/// Error: validation when a value does not fit the format (coordinates, counts, several views in a card format).
Result<Bytes> write_record(const Record& record);

/// Minutiae at 500 dpi, described and ready to match. Errors: validation (resolution or extent out of bounds).
Result<Template> to_template(const View& view, Format format);

struct ExchangeOptions {
  std::size_t max_bytes = 600;  ///< the best minutiae are kept
  std::uint8_t position = 0;
  std::uint8_t impression_type = 0;
};
/// One view. Errors: as write_record.
Result<Bytes> to_exchange(const Template& t, Format format, const ExchangeOptions& options = {});

/// The same content in another format, positions and angles rounded to its units.
Result<Record> convert(const Record& record, Format format);

}  // namespace authx::fingerprint
