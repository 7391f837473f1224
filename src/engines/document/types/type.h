#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "engines/document/lines.h"
#include "engines/document/mrz.h"
#include "engines/document/reading.h"
#include "engines/document/rules.h"
#include "engines/document/secrets.h"
#include "engines/document/text.h"

namespace authx::document {

/// A page after OCR, as the types see it.
struct Page {
  Side side = Side::front;
  const imaging::Image* gray = nullptr;  ///< upright, rectified
  std::vector<Row> rows;                 ///< Latin print
  std::vector<TextLine> lines;           ///< all print, in any script
  std::vector<GroupedNumber> numbers;    ///< what looks like an Aadhaar number or a VID
  std::optional<Mrz> mrz;
  double mrz_confidence = 0;
  bool mrz_corrected = false;
};

/// What a type writes to.
struct Extraction {
  Reading& reading;
  PageReading& page;
  Date today;
  const Deadline& deadline;

  void add(Field field) const;
  void passed(std::string id, std::string explanation) const;
  void failed(std::string id, std::string explanation) const;
};

/// One kind of document. A new kind is one file that defines such a value, and its line in `registry.cpp`.
struct TypeReader {
  Type type = Type::unknown;
  double (*score)(const Page& page);  ///< 0..1: how sure that the page is of this kind
  void (*extract)(const Page& page, const Extraction& out);
  std::span<const std::string_view> required;   ///< fields that a front must have for full confidence
  bool (*is_back)(const Page& page) = nullptr;  ///< tells the sides apart where print can
};

std::span<const TypeReader* const> all_types();

// --- Helpers that several types use ---------------------------------------------------------------

/// A value to the right of a label on the same row, or alone on the row below it.
struct Labelled {
  std::string value;
  imaging::Box box;
  double confidence = 0;
};
std::optional<Labelled> value_of(const std::vector<Row>& rows, std::span<const std::string_view> labels);

/// The first date in a text, with its words' box when found in a row.
struct FoundDate {
  Date date{};
  std::string text;
  imaging::Box box;
  double confidence = 0;
  std::size_t row = 0;
};
std::vector<FoundDate> find_dates(const std::vector<Row>& rows);
/// The date that follows a label: on its row after it, else on the next two rows below.
std::optional<FoundDate> date_of_label(const std::vector<Row>& rows, std::span<const std::string_view> labels);

/// "M", "F", "X" by the words male, female, transgender; nothing otherwise.
std::optional<Labelled> find_gender(const std::vector<Row>& rows);

/// Latin name: letters, dots, apostrophes; trims everything else at both ends. Empty when too little is left.
std::string clean_name(std::string_view text);

/// A run of words of one row whose letters and digits fit `pattern` (L letter, D digit) after look-alikes are exchanged.
std::optional<Labelled> find_pattern(const std::vector<Row>& rows, std::string_view pattern);

/// Undoes what OCR confuses in ordinary words: "Ath" for "4th", "lyer" for "Iyer".
std::string mend_prose(const std::string& word);

Field date_field(std::string name, const FoundDate& d);
/// A value as it was found in print.
Field printed_field(std::string name, const Labelled& found);
/// The document's number, which the reading takes as its own.
Field number_field(const Labelled& found, const NumberCheck& check, Reading& reading);
/// Adds the number and the finding "number_structure", which says `fine` when its form is right.
void add_number(const Extraction& out, const Labelled& found, const NumberCheck& check, std::string fine);
/// Adds what `clean_name` leaves of a name, if anything.
bool add_name(const Extraction& out, std::string name, const Labelled& found);

}  // namespace authx::document
