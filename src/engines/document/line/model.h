#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/document/line/dictionary.h"
#include "engines/document/line/matrix.h"

namespace authx::document::line {

/// Of a class's text. Letters are those of any script; marks of punctuation beyond ASCII count as letters.
bool is_digit(std::string_view text) noexcept;
bool is_letter(std::string_view text) noexcept;

/// Long short-term memory along one direction.
struct Memory {
  Matrix gates;  ///< cell inputs, input, forget and output gates, one after another, of [inputs, own last outputs]
  std::size_t inputs = 0;
  std::size_t states = 0;  ///< a multiple of `Matrix::kLanes`
  bool backward = false;
};

/// A line reader as Tesseract 4 and 5 distribute it (`tessdata_fast`), of the shape that those of scripts written in letters have:
/// `[1,36,0,1 Ct3,3,16 Mp3,3 Lfys… Lfx… Lrx… Lfx… O1c…]` in VGSL (Variable-size Graph Specification Language of Tesseract) with whole-
/// numbered weights. A column of 36 gray pixels goes in for each step; probabilities of characters come out for each third.
struct Model {
  static constexpr int kHeight = 36;
  static constexpr int kPool = 3;

  Matrix convolution;        ///< of 3 by 3 pixels, column by column
  Memory column;             ///< down a column of pooled pixels; what it ends with stands for the column
  std::vector<Memory> rows;  ///< along the line
  Matrix output;
  std::size_t nothing = 0;         ///< the class of no character
  std::vector<std::string> texts;  ///< of each class, UTF-8; empty for `nothing` and for what never stands alone
  std::vector<int> numbers;        ///< of each class, its character's number in the dictionary; -1 for none
  Dictionary words;
  std::uint64_t seed = 0;  ///< of the noise around the picture that the network was trained with

  std::size_t classes() const noexcept { return texts.size(); }

  /// Reads a `.traineddata` file. Errors: `Errc::validation` for a damaged file, `Errc::capability_unavailable` for a network of another
  /// shape, such as those of characters that are put together from several classes.
  static Result<Model> parse(BytesView file);
};

}  // namespace authx::document::line
