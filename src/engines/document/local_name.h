#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "engines/document/field.h"
#include "engines/document/types/type.h"

namespace authx::document {

/// The name in the script of the region, which stands on the line above the Latin one (`name`, on the page) or on its own labelled
/// line. The likeliest scripts are tried first, only where their language's data is installed; the one is taken in which the line sounds
/// like the Latin name. `Field::normalised` is that name in Latin letters. Nothing when the line sounds like another name in all of them.
std::optional<Field> read_local_name(const Page& page, std::string_view latin, const imaging::Box& name, const Deadline& deadline);

/// An Indian script as it is commonly written in Latin letters in India (Hunterian, without diacritics, inherent vowels dropped as
/// Hindi speaks): "राजेश कुमार" -> "Rajesh Kumar". The nine blocks from Devanagari to Malayalam; other characters are left out.
std::string romanise(std::string_view indian_text);

/// How alike two Latin spellings of a name sound, 0..1: consonants weigh, vowels and doubled letters don't, nor does what the scripts don't
/// tell apart (voiced or not, B, F, P or V, CH, J, S or Z).
double sounds_alike(std::string_view a, std::string_view b);

}  // namespace authx::document
