#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace authx::document {

/// The five layouts of ICAO Doc 9303: parts 5 (TD1), 6 (TD2), 4 (TD3) and 7 (visas MRV-A, MRV-B).
enum class MrzFormat { td1, td2, td3, mrv_a, mrv_b };

std::string_view to_string(MrzFormat format) noexcept;  ///< "TD1", "MRV-A", ...
int mrz_line_count(MrzFormat format) noexcept;          ///< 3 or 2
int mrz_line_length(MrzFormat format) noexcept;         ///< 30, 36 or 44

/// Weighted sum 7-3-1 modulo 10 over `A-Z 0-9 <` as '0'..'9'; '\0' for any other character.
char mrz_check_digit(std::string_view text) noexcept;

/// What may stand at a position.
enum class MrzSlot { letter, digit, any, check, sex };
MrzSlot mrz_slot(MrzFormat format, int line, int column) noexcept;

/// One check digit and the verdict on it. Ids: document_number, birth, expiry, optional, composite.
struct MrzCheck {
  std::string id;
  char found = 0;
  char expected = 0;
  bool passed = false;
};

struct Mrz {
  MrzFormat format = MrzFormat::td3;
  std::vector<std::string> lines;
  std::string document_code;  ///< "P", "ID", "V", "AC"; fillers removed
  std::string issuer;         ///< as printed without fillers: "IND", "D"
  std::string nationality;
  std::string surname;  ///< spaces for fillers
  std::string given_names;
  bool name_truncated = false;  ///< the name fills its field: compare as a prefix
  std::string document_number;  ///< whole, also when it runs on in the optional field
  std::string birth_text;       ///< YYMMDD as printed
  std::optional<Date> birth;    ///< empty when partly unknown or impossible
  std::string expiry_text;
  std::optional<Date> expiry;
  char sex = 'X';         ///< M, F or X
  std::string optional1;  ///< fillers at the end removed
  std::string optional2;  ///< TD1 only
  std::vector<MrzCheck> checks;
  bool corrected = false;     ///< `repair_mrz` changed a character
  bool issuer_known = false;  ///< ISO 3166-1 alpha-3 or a code that ICAO adds
  bool nationality_known = false;

  bool valid() const noexcept;  ///< every check digit right, and both dates possible where given
  const MrzCheck* check(std::string_view id) const;
};

/// Parses lines separated by line breaks or `|`, or all lines in one run. Spaces are dropped, lower case and full-width
/// characters folded. Wrong check digits are not an error: see `Mrz::checks`. `today` decides the century of birth.
/// Error: `Errc::validation` on field "mrz" when no layout fits or a character is outside the alphabet.
Result<Mrz> parse_mrz(std::string_view text, Date today);

/// As `parse_mrz`, after mending what OCR confuses: letters at places for digits and the reverse, then up to two look-alikes
/// in a field with a wrong check digit, taken only when exactly one reading satisfies the field's and the composite digit.
Result<Mrz> repair_mrz(std::string_view text, Date today);

/// True for ISO 3166-1 alpha-3 codes and those that ICAO 9303-3 adds.
bool known_issuer(std::string_view code) noexcept;

/// What `compose_td3` writes.
struct MrzContent {
  std::string issuer;
  std::string surname;
  std::string given_names;
  std::string document_number;  ///< at most 9 of A-Z 0-9
  std::string nationality;
  Date birth{};
  char sex = 'X';
  Date expiry{};
  std::string optional;  ///< at most 14
};
/// Two lines of 44 with every check digit right. Characters outside the alphabet become fillers.
std::vector<std::string> compose_td3(const MrzContent& content);

}  // namespace authx::document
