#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace authx::document {

/// The five layouts of ICAO Doc 9303: parts 5 (TD1), 6 (TD2), 4 (TD3) and 7 (visas MRV-A, MRV-B), and the French identity card
/// issued from 1988 to 2021, which has two lines of 36 of its own: line 1 IDFRA, surname (25), office of issue (6); line 2 number
/// (12) and check digit, given names (14), birth (6) and check digit, sex, check digit over all before; no date of expiry.
enum class MrzFormat { td1, td2, td3, mrv_a, mrv_b, french_id };

std::string_view to_string(MrzFormat format) noexcept;  ///< "TD1", "MRV-A", "FRA-ID", ...
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

/// A character of a picture that could as well be another one.
struct MrzDoubt {
  int line = 0;
  int column = 0;
  char other = 0;          ///< the likeliest alternative
  double probability = 0;  ///< 0..1 that the character given is right
};

/// A zone's fields. Three degrees of trust, which callers must not mix up:
/// - `checks`: verdicts per field. Weighted sums modulo 10 don't see every mistake, and cover neither names nor issuer, nationality and
/// sex.
/// - `checks_passed()`: all of them right, dates possible. For text this is all there is to know.
/// - `valid()`: in addition no character that was read from a picture is in doubt. Only such a zone may be taken as read right.
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
  bool corrected = false;        ///< check digits chose a character other than the one seen
  std::vector<MrzDoubt> doubts;  ///< by `read_mrz` only; empty for text
  bool issuer_known = false;     ///< ISO 3166-1 alpha-3 or a code that ICAO adds
  bool nationality_known = false;

  bool checks_passed() const noexcept;  ///< every check digit right, and dates possible where given
  bool valid() const noexcept { return checks_passed() && doubts.empty(); }
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
