#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace authx::document {

/// A number's verdict: normalised form, whether its structure is right, and if not, why.
struct NumberCheck {
  std::string normalised;
  bool valid = false;
  std::string reason;
};

/// PAN: five letters, four digits (not 0000), one letter; the fourth names the holder's kind.
NumberCheck check_pan(std::string_view text);
/// "individual", "company", ...; empty for an unknown letter. `holder` is the PAN's fourth character.
std::string_view pan_holder(char holder) noexcept;
/// Whether the fifth letter fits a person's name: the first letter of any of its words. Marriage and name changes break it
/// on genuine cards, so it is a hint.
bool pan_fits_name(std::string_view pan, std::string_view name);

/// Indian driving licence: state, office, year, seven digits ("MH12 20110012345" -> "MH1220110012345"). Older forms are valid
/// when the state is known; they keep their characters without separators.
NumberCheck check_driving_license(std::string_view text);
bool known_indian_state(std::string_view two_letters) noexcept;

/// Indian voter card: three letters, seven digits; or the old form SS/NN/NNN/NNNNNN.
NumberCheck check_epic(std::string_view text);

/// Indian passport: a letter, then seven digits, the first not 0.
NumberCheck check_indian_passport(std::string_view text);

/// Indian postal code: six digits, the first not 0.
bool pincode_valid(std::string_view text) noexcept;

/// A printed date: 14/12/1976, 14-12-1976, 14.12.1976, 1976-12-14, 14 DEC 1976, 14 December 1976. The day comes first.
std::optional<Date> parse_printed_date(std::string_view text);

/// Upper case, punctuation to spaces, single spaces.
std::string fold_name(std::string_view name);

/// "KL30" before the rest of a driving licence's number: a state and its office.
bool is_licensing_office(std::string_view text);

/// "14/02/1968", whatever divides it.
bool is_plain_date(std::string_view text);

}  // namespace authx::document
