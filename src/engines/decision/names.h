#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace authx::decision {

/// Lower-case words of a name: Latin letters folded (ASCII and Latin-1), punctuation and titles (mr, smt, shri, dr…) dropped.
/// Letters of other scripts are kept as they are.
std::vector<std::string> name_words(std::string_view name);

/// Jaro–Winkler similarity of two words, 0..1 (Winkler 1990; prefix weight 0.1, at most four letters).
double jaro_winkler(std::string_view a, std::string_view b);

/// How well two names agree, 0..1, whatever the order of their words: best one-to-one pairing of words, an initial agreeing
/// with a word that it begins, weighted by length; words that only one name has count against it less when the other name
/// is wholly contained, for documents often drop middle names.
double name_similarity(std::string_view a, std::string_view b);

}  // namespace authx::decision
