#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::specimen {

/// Layouts of our own that hold the same kinds of fields as the real documents, each marked SPECIMEN.
/// `aadhaar_pvc` prints a virtual id and, upwards along the photo, the date of issue; `aadhaar_letter` is a sheet of A4 with both
/// strips; `pan_old` the layout of before 2018, without labels.
enum class Kind { aadhaar, aadhaar_back, aadhaar_pvc, aadhaar_letter, pan, pan_old, passport, driving_license, voter_id };

std::string_view to_string(Kind kind) noexcept;
std::optional<Kind> parse_kind(std::string_view text);
std::vector<Kind> all_kinds();

/// What a counterfeiter prints wrong on an otherwise perfect document: for measuring the rules, and for tests. `counterfeit.h` has the
/// names.
enum class Counterfeit {
  check_digit,      ///< the last digit of an Aadhaar number; the zone's over the passport's number
  zone_digit,       ///< a digit of the zone, whose check digits stay
  other_number,     ///< the printed number is not the zone's; so the next three
  other_name,       ///< the surname
  other_birth,      ///< by years
  other_expiry,     ///< prolonged by years
  expired,          ///< consistent, but of the past
  future_issue,     ///< issued after today
  long_validity,    ///< by two years and more
  young_holder,     ///< too young at the issue
  wrong_state,      ///< the licence number's state does not exist; so the next two
  wrong_office,     ///< an office that the state does not have
  wrong_year,       ///< a year after the issue
  wrong_holder,     ///< a PAN of a company on a person's card
  specimen_number,  ///< of a published specimen
  moved_values      ///< the number and another value have changed places
};

/// What to draw. Empty members are filled with a random, consistent person.
struct Request {
  Kind kind = Kind::aadhaar;
  std::uint64_t seed = 1;
  int level = 0;  ///< 0 clean scan, 1 good photo, 2 fair photo, 3 poor photo, 4 in clutter or held in a hand
  Date today{};   ///< dates are drawn around it
  std::string name;
  std::optional<Date> dob;
  std::string gender;  ///< M or F
  std::string number;
  std::string script;                        ///< ISO 15924 code of the local name's script, as `scripts.h` has them; empty: Devanagari
  const imaging::Image* portrait = nullptr;  ///< drawn into the photo's place; none: a drawn figure
  bool masked = false;                       ///< Aadhaar only: prints XXXX XXXX 1234
  std::optional<Counterfeit> counterfeit;
  bool compressed = true;  ///< false: leaves out the camera's own JPEG step, for a caller that compresses
};

/// Where a value was printed, on the upright card.
struct Placed {
  std::string field;  ///< named as the reader names it
  std::string text;
  imaging::Box box;
};

struct Truth {
  Kind kind = Kind::aadhaar;
  int level = 0;
  std::string name;
  std::string name_local;
  Date dob{};
  std::string gender;
  std::string number;
  std::string vid;  ///< sixteen digits, where the layout prints one
  std::string father_name;
  std::string address;
  std::optional<Date> issue_date;
  std::optional<Date> expiry_date;
  std::vector<std::string> mrz;
  std::vector<Placed> values;
  imaging::Quad outline{};            ///< the card on the image
  std::vector<imaging::Box> secrets;  ///< on the upright card: digits of an Aadhaar number or VID that must not be stored
  imaging::Box portrait{};            ///< on the upright card of `card_width` x `card_height`
  int card_width = 0;
  int card_height = 0;
};

struct Specimen {
  imaging::Image image;
  Truth truth;
};

/// The same request gives the same picture on the same machine. Errors: `Errc::validation` for a number, name or date
/// that the kind can't carry, or a level outside 0..4.
Result<Specimen> generate(const Request& request);

}  // namespace authx::specimen
