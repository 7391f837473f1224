#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engines/specimen/people.h"
#include "engines/specimen/specimen.h"

namespace authx::specimen {

std::string_view to_string(Counterfeit what) noexcept;
std::optional<Counterfeit> parse_counterfeit(std::string_view text);
std::vector<Counterfeit> all_counterfeits();
bool fits(Counterfeit what, Kind kind) noexcept;  ///< whether that kind of document can carry it

/// Makes a filled-in truth the counterfeit's: what is printed from now on, and the zone, are as wrong as asked. `today` is the day of the
/// picture. `Counterfeit::moved_values` is left to `exchange_values`. Error: `Errc::validation` when the kind can't carry it.
Result<> falsify(Counterfeit what, Date today, Dice& dice, Person& person, Truth& truth);

/// Two printed values of the flat card change places.
void exchange_values(imaging::Image& card, Truth& truth, Dice& dice);

}  // namespace authx::specimen
