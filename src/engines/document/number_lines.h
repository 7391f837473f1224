#pragma once

#include <optional>

#include "base/deadline.h"
#include "engines/document/lines.h"
#include "engines/document/secrets.h"
#include "imaging/image.h"

namespace authx::document {

/// A line that by its shape alone may be twelve or sixteen digits.
bool may_be_number(const TextLine& line);

/// Digits alone, from a strip of an upright picture, at several sizes until the check digit is right; places are on the picture.
/// Twelve or sixteen digits whose check digit is wrong are the answer when nothing better came out.
std::optional<GroupedNumber> read_digits(const imaging::Image& page, const imaging::Box& box, const Deadline& deadline);

}  // namespace authx::document
