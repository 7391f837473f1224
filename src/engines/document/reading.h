#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "engines/document/mrz.h"
#include "imaging/geometry.h"
#include "imaging/image.h"
#include "imaging/quality.h"

namespace authx::document {

/// What a page was recognised as. `mrz_card` is any TD1/TD2 card or visa with a machine-readable zone.
enum class Type { unknown, aadhaar, pan, passport, mrz_card, driving_license, voter_id };

/// What the person who uploads says it is. `other` accepts anything.
enum class DeclaredType { other, aadhaar, pan, passport, driving_license, voter_id };

std::string_view to_string(Type type) noexcept;  ///< "aadhaar", "mrz_card", ...
std::string_view to_string(DeclaredType type) noexcept;
std::optional<DeclaredType> parse_declared_type(std::string_view text);  ///< also the spelling "aadhar"

enum class Source { printed, mrz, qr };
std::string_view to_string(Source source) noexcept;

enum class Side { front, back };
std::string_view to_string(Side side) noexcept;

/// One thing read. Names: name, name_local, dob, year_of_birth, gender, document_number, father_name, address,
/// pincode, issue_date, expiry_date, nationality, issuer, vid.
/// An Aadhaar number or VID is masked here (XXXXXXXX1234); the whole number is only in `Reading::document_number`.
struct Field {
  std::string name;
  std::string value;       ///< as read
  std::string normalised;  ///< dates YYYY-MM-DD, gender M/F/X, numbers without spaces, countries ISO 3166-1 alpha-3
  double confidence = 0;   ///< 0..1
  Source source = Source::printed;
  Side side = Side::front;
  imaging::Box box;    ///< on the rectified page; empty when not located
  bool valid = true;   ///< passes the rules of its kind
  std::string reason;  ///< why it is not valid
};

enum class Outcome { passed, failed, not_checked };
std::string_view to_string(Outcome outcome) noexcept;

/// One named check, e.g. "number_checksum", "mrz_composite", "type_matches", "not_expired", "sharp_enough".
struct Finding {
  std::string id;
  Outcome outcome = Outcome::not_checked;
  std::string explanation;  ///< one sentence for a person; holds no personal data
};

/// The machine-readable zone, when there is one. `mrz.h` parses it.
struct MrzReading {
  std::string format;  ///< "TD1", "TD2", "TD3", "MRV-A", "MRV-B", "FRA-ID"
  std::vector<std::string> lines;
  bool valid = false;            ///< every check digit that the format has is right, and no character is in doubt
  bool corrected = false;        ///< a character was repaired with the help of the check digits
  double confidence = 0;         ///< 0..1: probability of the least sure character
  std::vector<MrzDoubt> doubts;  ///< characters that could as well be others
};

/// The state of an Aadhaar Secure QR. Only `verified` proves anything.
enum class QrState { absent, unreadable, present, unsigned_legacy, signature_invalid, unverified, verified };
std::string_view to_string(QrState state) noexcept;

struct QrReading {
  QrState state = QrState::absent;
  std::string format;           ///< "secure_v1", "secure_vx", "legacy_xml", "text"
  std::string key_fingerprint;  ///< SHA-256 of the certificate that verified it, hex
};

/// One side after rectification.
struct PageReading {
  Side side = Side::front;
  imaging::Image rectified;    ///< upright document, for storing and for finding the portrait
  bool outline_found = false;  ///< false: `rectified` is the whole input, turned upright
  imaging::Quad outline{};     ///< the document on the input image
  int quarter_turns = 0;       ///< clockwise turns that made it upright
  imaging::Quality quality;
  std::vector<imaging::Quad> secret_on_input;  ///< first eight digits of each Aadhaar number (twelve of a VID) and whole legacy
                                               ///< QR codes; give to `imaging::black_out` before anything is stored
  std::vector<imaging::Quad> secret_on_rectified;
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
  QrReading qr;

  const Field* find(std::string_view field) const;
  const Finding* finding(std::string_view id) const;
  bool has_failures() const;  ///< any finding failed
};

}  // namespace authx::document
