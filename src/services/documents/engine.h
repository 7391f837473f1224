#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "engines/document/reader.h"
#include "engines/document/reading.h"

/// Where this service meets the document engine: all that would change with the engine's calls is here.
namespace authx::documents {

/// Stored with every reading; raised when readings of the same picture may come out differently. Numbers separated by any other
/// characters, compared number by number.
inline constexpr std::string_view kEngineVersion = "2026.11.3";

/// Whether version `a` is older than `b`.
bool older(std::string_view a, std::string_view b);

/// One page as it was given, with its place among the pages of its side.
struct Picture {
  document::Side side = document::Side::front;
  int page = 1;
  imaging::Image image;
  std::shared_ptr<const Bytes> file{};   ///< as given, where this picture is the whole of it: its traces of editing are looked at
  std::vector<imaging::Quad> secrets{};  ///< where numbers stand that must not be kept; filled by `read_pictures`
  bool may_be_kept = true;               ///< false: a number may stand on it that was not found; set by `read_pictures`
};

/// Reads a document from all its pages and marks on each what must be painted over, whatever document it turns out to be. Of more
/// than two pages those that show its front and its back are read together.
/// Blocking. Errors as `document::read`.
Result<document::Reading> read_pictures(std::vector<Picture>& pictures, const document::ReadOptions& options, const Deadline& deadline);

/// A picture as far as sameness goes. `coarse`: signs of the 16 x 16 lowest frequencies of a 64 x 64 copy against their median
/// (after C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1, with four times the
/// frequencies): cards of one design differ in 4 to 40 of these bits. `fine`: for each pixel of a 32 x 32 copy whether the next one
/// is darker, alike or brighter, two bits each; it tells cards of one design apart.
struct PicturePrint {
  std::array<std::uint8_t, 32> coarse{};
  std::array<std::uint8_t, 256> fine{};
};
PicturePrint picture_print(const imaging::Image& picture);

/// The same picture, perhaps scaled or compressed anew; another photo of the same document is not. A picture with hardly an edge is
/// like no other.
bool same_picture(const PicturePrint& a, const PicturePrint& b);
inline constexpr int kCoarseBits = 4;  ///< at most, so that one of five bands of `coarse` is the same
inline constexpr double kFineDifference = 0.06;
double fine_difference(const PicturePrint& a, const PicturePrint& b);  ///< 0..1 over the places where either shows an edge

}  // namespace authx::documents
