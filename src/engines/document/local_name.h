#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "engines/document/field.h"
#include "engines/document/types/type.h"

namespace authx::document {

/// The name in the script of the region, which stands on the line above the Latin one (`name`, on the page) or on its own labelled
/// line. Hindi is tried first; another language only when Hindi makes no sense of the line, and only where its data is installed.
/// `Field::normalised` is the name in Latin letters where the script is Devanagari. Nothing when the line holds no such script.
std::optional<Field> read_local_name(const Page& page, const imaging::Box& name, const Deadline& deadline);

/// Devanagari as it is commonly written in Latin letters in India (Hunterian, without diacritics, inherent vowels dropped as
/// Hindi speaks): "राजेश कुमार" -> "Rajesh Kumar".
std::string romanise(std::string_view devanagari);

/// How alike two Latin spellings of a name sound, 0..1: consonants weigh, vowels and doubled letters don't.
double sounds_alike(std::string_view a, std::string_view b);

}  // namespace authx::document
