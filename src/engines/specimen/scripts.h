#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engines/specimen/people.h"

namespace authx::specimen {

/// The Indian scripts that a specimen's local name can be printed in, by their ISO 15924 codes: Deva, Beng, Guru, Gujr, Orya, Taml, Telu,
/// Knda, Mlym, Aran (Urdu).
std::vector<std::string_view> all_scripts();

/// The font that prints a script; empty for an unknown one.
std::string_view font_of_script(std::string_view script) noexcept;

/// Gives the person another name that is spelled in `script`; false when the script is not known.
bool rename_in_script(Person& person, std::string_view script, Dice& dice);

}  // namespace authx::specimen
