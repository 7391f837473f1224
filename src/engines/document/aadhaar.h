#pragma once

#include <string>
#include <string_view>

namespace authx::document {

/// Verhoeff's dihedral check (J. Verhoeff, 1969) over decimal digits, the last one being the check digit.
bool verhoeff_valid(std::string_view digits);
/// The digit to append to `digits`; '\0' when it holds anything but digits.
char verhoeff_digit(std::string_view digits);

/// Twelve digits, first 2..9, not a palindrome, Verhoeff-valid. No separators.
bool aadhaar_valid(std::string_view digits);
/// A sixteen-digit virtual id by the same rules.
bool vid_valid(std::string_view digits);

/// "234123412346" -> "XXXXXXXX2346". Anything but twelve or sixteen characters becomes all X.
std::string mask_aadhaar(std::string_view digits);

/// The text with every Aadhaar number and VID in it masked: twelve or sixteen digits whose check digit is right, in one run or in groups
/// with a space, a hyphen or a point between, that don't touch further digits.
std::string mask_numbers_in(std::string text);

}  // namespace authx::document
