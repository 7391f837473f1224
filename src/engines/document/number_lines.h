#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "engines/document/lines.h"
#include "engines/document/secrets.h"
#include "imaging/image.h"

namespace authx::document {

/// A line that by its shape alone may be twelve or sixteen digits.
bool may_be_number(const TextLine& line);

/// Digits that were read with less confidence are in doubt.
inline constexpr double kSureDigits = 0.9;

/// Digits alone, read at several sizes.
struct DigitReading {
  std::optional<GroupedNumber> number;  ///< twelve or sixteen digits, with a right check digit if one came out; places are on the picture
  std::vector<std::string> seen;        ///< all digits of each reading, until the check digit was right

  /// Whether these digits, which were read before with this confidence in the least sure word, are what stands there: they came out
  /// alike once or twice more.
  bool agrees(std::string_view digits, double least) const {
    const auto times = std::ranges::count(seen, digits);
    return (least >= 0.95 && times >= 1) || (least >= kSureDigits && times >= 2);
  }
};

/// A strip of an upright picture, as digits alone.
DigitReading read_digits(const imaging::Image& page, const imaging::Box& box, const Deadline& deadline);

/// "12,500.00" or "04/05/2019".
bool is_date_or_amount(std::string_view word);

}  // namespace authx::document
