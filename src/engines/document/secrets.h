#pragma once

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

  bool masked() const { return digits.find('X') != std::string::npos; }
  bool valid() const;  ///< an Aadhaar number or a VID by its digits and check digit
  imaging::Box box() const;
};

/// Every such number in the rows of an upright page. What is nearly one is read again, larger and as digits only.
std::vector<GroupedNumber> find_numbers(const imaging::Image& gray, const std::vector<Row>& rows, const Deadline& deadline);

/// Those in lines that don't run with the page: up, down or upside down. Only ones whose check digit is right.
std::vector<GroupedNumber> find_turned_numbers(const imaging::Image& gray, const std::vector<Row>& rows, const std::vector<TextLine>& lines,
                                               const Deadline& deadline);

/// Those elsewhere on a picture than on the document that was found on it: the rest of a letter, another card. `turns` puts the picture
/// upright. Only numbers whose check digit is right; places are on the picture as given.
std::vector<GroupedNumber> find_numbers_outside(const imaging::Image& input, const imaging::Quad& document, int turns,
                                                const Deadline& deadline);

/// Notes the places that must not be stored: the first eight digits of an Aadhaar number, all but the last four of a VID.
/// On a page of another kind only numbers whose check digit is right, or that are printed in Aadhaar's groups of four, count.
void hide_numbers(const std::vector<GroupedNumber>& numbers, PageReading& page);

}  // namespace authx::document
