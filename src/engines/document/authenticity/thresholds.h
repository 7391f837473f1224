#pragma once

/// Where each measured trace starts to ask for a review. Set on one half of the generated pictures and of the public specimens
/// (docs/accuracy.md says with which false alarms); each stands clearly beyond what the genuine ones of that half show.
namespace authx::document::authenticity {

inline constexpr int kSmallestText = 12;      ///< pixels; smaller print tells nothing
inline constexpr int kSmallestPicture = 384;  ///< pixels, shorter side

// screen.cpp
inline constexpr double kGridPeak = 4.8;  ///< natural logarithm of a lattice's peak over its surroundings, in the mean spectrum

// colour.cpp
inline constexpr double kLeastColour = 7;  ///< levels of chroma that one tint of the whole page does not explain

// camera.cpp
inline constexpr double kFlatShare = 0.12;  ///< share of blocks that are exactly even and of one level, in wide areas
inline constexpr int kPlainBlocks = 12;     ///< blocks that such an area measures each way at least
inline constexpr int kFinestStep = 3;       ///< a coarser quantiser flattens a camera's noise too

// metadata.cpp
inline constexpr double kLeastThumbnail = 0.6;  ///< correlation of the embedded preview with the picture

// compression.cpp
inline constexpr double kCombDepth = 0.45;   ///< share left in the bins that an earlier, coarser step makes empty
inline constexpr int kCombCoefficients = 3;  ///< of nine, that must show the same
inline constexpr double kPatchOnce = 0.75;   ///< how far a part must lie from "as the whole" (0) towards "compressed once" (1)
inline constexpr double kPatchOdds = 8;      ///< natural logarithm of how much likelier its values must be when compressed once

// noise.cpp
inline constexpr double kQuietest = 0.6;         ///< noise beneath a value over the noise around it
inline constexpr double kQuietestLetter = 0.08;  ///< noise of the paper around one letter over that around the value's others
inline constexpr double kQuietestValue = 0.2;    ///< around a value's letters over that around the other values'
inline constexpr double kStillPaper = 0.45;      ///< share of the paper's pixels without any noise, in the median stretch
inline constexpr int kLeastPaper = 100;          ///< pixels of bare paper around a letter
inline constexpr double kLeastPaperNoise = 1.5;  ///< six times the standard deviation; a strong compression leaves less
inline constexpr double kLeastNoise =
    0.35;  ///< levels; below there is no noise to compare. Portraits, smooth by themselves, need twice that

// text.cpp
inline constexpr double kLeastContrast = 40;     ///< levels between paper and ink
inline constexpr double kSharpestValue = 1.18;   ///< a value's edges over the median of the others
inline constexpr double kSharpestLetter = 1.26;  ///< one letter's over the median of its value

// copies.cpp
inline constexpr double kCopyResidue = 0.8;  ///< difference of two equal-looking patches over what noise alone would make
inline constexpr double kCopyFloor = 3;      ///< squared levels that compression alone puts between two copies

// portrait.cpp
inline constexpr double kPortraitEdges = 1.2;  ///< how much finer the photo's edges may be than the print's
inline constexpr double kBlurredPrint = 1.3;   ///< fineness of print that optics blurred; finer print is a sharp scan's
inline constexpr double kPortraitNoise = 5;    ///< factor between the noise on the photo and on the page

// layout.cpp
inline constexpr double kLayoutShare = 0.3;  ///< of the expected relations that may be broken

}  // namespace authx::document::authenticity
