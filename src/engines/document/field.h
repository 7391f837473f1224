#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "imaging/geometry.h"

namespace authx::document {

/// Where a value stands: in print, in the machine-readable zone, in a QR code or a PDF417 barcode, in a chip's data group, or in a
/// signed file (offline e-KYC, signed PDF).
enum class Source { printed, mrz, qr, pdf417, chip, file };
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

/// What a check looks at.
enum class CheckKind {
  capture,       ///< the picture: another photo of the same document mends it
  type,          ///< what kind of document it is
  rule,          ///< the rules of the type: check digits, dates, number forms
  consistency,   ///< the same thing said in two places
  signature,     ///< cryptographic evidence
  authenticity,  ///< traces of copying, recapture or editing
};
std::string_view to_string(CheckKind kind) noexcept;

/// What a failed check means for the document.
enum class Weight { note, review, refuse };
std::string_view to_string(Weight weight) noexcept;

/// One named check, e.g. "number_checksum", "mrz_composite", "type_matches", "not_expired", "sharp_enough".
struct Finding {
  std::string id;
  Outcome outcome = Outcome::not_checked;
  std::string explanation;  ///< one sentence for a person; holds no personal data
  CheckKind kind = CheckKind::rule;
  Weight weight = Weight::refuse;
  std::optional<double> score{};         ///< 0..1 where the check measures: 1 is what genuine documents look like
  std::string limits{};                  ///< what the check cannot see, one sentence; empty when it has no limits worth saying
  Side side = Side::front;               ///< of the picture that was looked at
  std::optional<imaging::Quad> place{};  ///< the fault on that picture as given
};

}  // namespace authx::document
