#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "engines/document/evidence/evidence.h"
#include "engines/document/field.h"
#include "engines/document/mrz.h"
#include "imaging/geometry.h"
#include "imaging/image.h"
#include "imaging/quality.h"

namespace authx::document {

/// What a page was recognised as. `mrz_card` is any TD1/TD2 card or visa with a machine-readable zone, `aamva_license` a driving
/// licence of the United States or Canada with a PDF417 barcode.
enum class Type { unknown, aadhaar, pan, passport, mrz_card, driving_license, voter_id, aamva_license };

/// What the person who uploads says it is. `other` accepts anything.
enum class DeclaredType { other, aadhaar, pan, passport, driving_license, voter_id };

std::string_view to_string(Type type) noexcept;  ///< "aadhaar", "mrz_card", ...
std::string_view to_string(DeclaredType type) noexcept;
std::optional<DeclaredType> parse_declared_type(std::string_view text);  ///< also the spelling "aadhar"

/// The machine-readable zone, when there is one. `mrz.h` parses it.
struct MrzReading {
  std::string format;  ///< "TD1", "TD2", "TD3", "MRV-A", "MRV-B", "FRA-ID"
  std::vector<std::string> lines;
  bool valid = false;            ///< every check digit that the format has is right, and no character is in doubt
  bool corrected = false;        ///< a character was repaired with the help of the check digits
  double confidence = 0;         ///< 0..1: probability of the least sure character
  std::vector<MrzDoubt> doubts;  ///< characters that could as well be others
};

/// How far what was read can be relied on.
enum class Assurance {
  read_only,                  ///< nothing but print, or print whose check digits fail
  internally_consistent,      ///< check digits or two sources agree
  cryptographically_verified  ///< the number, name and birth date come from evidence that is `verified`
};
std::string_view to_string(Assurance assurance) noexcept;

/// One side after rectification.
struct PageReading {
  Side side = Side::front;
  std::size_t input = 0;            ///< which of the given pictures: 0 the first, 1 the second; sides given swapped are exchanged
  imaging::Image rectified;         ///< upright document, for storing and for finding the portrait
  bool outline_found = false;       ///< false: `rectified` is the whole input, turned upright
  imaging::Quad outline{};          ///< the document on the input image
  std::vector<imaging::Box> lines;  ///< of print on `rectified`, whether or not a value was read from them
  int quarter_turns = 0;            ///< clockwise turns that made it upright
  imaging::Quality quality;
  std::vector<imaging::Quad> secret_on_input;  ///< first eight digits of each Aadhaar number (twelve of a VID) and whole legacy
                                               ///< QR codes; give to `imaging::black_out` before anything is stored
  std::vector<imaging::Quad> secret_on_rectified;
  bool number_unlocated = false;  ///< an Aadhaar number may stand on the picture that was not found: don't keep the picture
};

struct Reading {
  Type type = Type::unknown;
  double type_confidence = 0;
  std::string variant;        ///< e.g. "front", "back", "masked", "TD3"
  std::vector<Field> fields;  ///< best first when a name occurs more than once
  std::vector<Finding> findings;
  double confidence = 0;           ///< 0..1 over the fields that the type must have
  std::vector<PageReading> pages;  ///< front, then back when given

  SecretText document_number;  ///< whole, normalised; seal it
  std::string display_number;  ///< what may be shown: masked where the law asks for it
  std::string name;
  std::optional<Date> dob;
  std::string gender;  ///< M, F, X or empty
  std::string address;
  std::optional<Date> issue_date;
  std::optional<Date> expiry_date;
  std::optional<MrzReading> mrz;
  std::vector<Evidence> evidence;  ///< codes, chip groups and signed files, as found
  Assurance assurance = Assurance::read_only;
  std::optional<imaging::Image> signed_portrait;  ///< from verified evidence: preferred for matching a face

  const Field* find(std::string_view field) const;
  const Finding* finding(std::string_view id) const;
  bool has_failures() const;  ///< any finding that is more than a note failed
};

}  // namespace authx::document
