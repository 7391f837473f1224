#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "engines/document/lines.h"
#include "engines/document/reading.h"
#include "engines/document/text.h"
#include "imaging/image.h"

namespace authx::document {

/// Twelve or sixteen digits or masks that stand side by side: what an Aadhaar number or a VID looks like.
struct GroupedNumber {
  std::string digits;                 ///< masked places hold 'X'
  std::vector<imaging::Quad> groups;  ///< their places on the page, in reading order
  std::vector<int> sizes;             ///< characters in each
  double confidence = 0;
  bool turned = false;  ///< runs otherwise than the page: which end is which is less sure
  bool other = false;   ///< read alike several times, and neither an Aadhaar number nor a VID, of whatever length: nothing to hide

  bool masked() const { return digits.find('X') != std::string::npos; }
  bool valid() const;  ///< an Aadhaar number or a VID by its digits and check digit
  imaging::Box box() const;
};

/// Every such number in the rows of an upright page. What is nearly one is read again, larger and as digits only.
std::vector<GroupedNumber> find_numbers(const imaging::Image& gray, const std::vector<Row>& rows, const Deadline& deadline);

/// Those beside `numbers` in lines that were not read clearly: faint ones, and such as run up, down or upside down. Only ones whose check
/// digit is right.
std::vector<GroupedNumber> find_more_numbers(const imaging::Image& gray, const std::vector<Row>& rows, const std::vector<TextLine>& lines,
                                             const std::vector<GroupedNumber>& numbers, const Deadline& deadline);

/// How a picture as given is searched for numbers that stand elsewhere than on the page that was read.
struct NumberSweep {
  std::vector<double> directions;  ///< degrees that lines of print may run at, clockwise on screen; each is tried in quarter turns
  std::size_t most_lines = 6;      ///< that are read, for each direction and quarter turn
};

/// Whole lines on the picture as given.
struct SweptNumbers {
  std::vector<imaging::Quad> places;  ///< that hold numbers whose check digit is right
  std::vector<imaging::Quad> hidden;  ///< about as many digits that were read otherwise, and not surely
  bool left = false;                  ///< more rows may hold digits than were read
};

/// What is known of a picture before its rows of digits are read.
struct KnownPrint {
  std::vector<imaging::Quad> places;  ///< a row that lies on one was dealt with
  std::vector<imaging::Quad> words;   ///< surely read, of letters: a row that runs along one and has its middle there is none of digits
  std::vector<imaging::Quad> runs;    ///< of sure words that hold no number: rows that run along and lie within one are none
};

/// Numbers in rows of digits at any tilt, but for what is `known`. Cheap where there is no such row. Reads `most` rows. `closer` as for
/// `digit_rows`.
SweptNumbers read_digit_rows(const imaging::Image& gray, const KnownPrint& known, std::size_t most, const Deadline& deadline,
                             const std::optional<imaging::Box>& closer = {});

/// The slow way: reads the lines in the directions given, also such whose digits touch, but for what is `known`.
SweptNumbers sweep_numbers(const imaging::Image& gray, const NumberSweep& sweep, const KnownPrint& known, const Deadline& deadline);

/// Notes the places that must not be stored: the first eight digits of an Aadhaar number, all but the last four of a VID.
/// `printed`: the print beside the number says that this is an Aadhaar document, and which way is up; only then do the last four stay
/// open, since a number may also be right by chance when it is read upside down. A number in Aadhaar's groups of four whose check digit
/// is wrong is noted whole, on other pages unless it is surely another.
void hide_numbers(const std::vector<GroupedNumber>& numbers, PageReading& page, bool printed = true);

}  // namespace authx::document
