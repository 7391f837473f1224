#pragma once

#include <array>
#include <span>
#include <vector>

#include "engines/document/glyph_net.h"
#include "engines/document/mrz.h"

namespace authx::document {

/// What a classifier says of a zone's characters: log-probabilities as `GlyphNet::classify` gives them, line by line.
using MrzScores = std::vector<std::vector<std::array<float, GlyphNet::kClasses>>>;

struct MrzDecoded {
  Mrz mrz;             ///< with `corrected` and `doubts`
  double mean = -1e9;  ///< mean log-probability a character
  double least = 0;    ///< probability of the least sure character, after what place and check digits say
};

/// The likeliest text of two lines of 36 or 44 or three of 30 characters (any other shape gives an empty `mrz.lines`): places
/// limit the alphabet, names follow their grammar (parts apart by one filler, surname from given names by two, then fillers to the
/// end), issuer and nationality come from one list, and check digits that fail change the cheapest one or two characters where
/// one solution stands out. A character is put in doubt when the odds against it, given all that, exceed about one in fourteen.
MrzDecoded decode_mrz(const MrzScores& scores, Date today);

}  // namespace authx::document
