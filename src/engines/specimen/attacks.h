#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engines/specimen/people.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::specimen {

/// What forgers do to a picture of a document, simulated: for measuring the authenticity checks, and for training.
enum class Attack {
  recapture,        ///< shown on a display and photographed: subpixels, moiré, bluish light, blur, noise
  gray_copy,        ///< photocopied without colour, the copy photographed
  portrait_splice,  ///< another photo laid over the portrait
  text_overwrite,   ///< a value painted over and set anew in another typeface
  digit_edit,       ///< one character of a value painted over and set anew
  copy_move,        ///< characters of a value copied over others of the same value
  resave,           ///< decoded and saved again, nothing else: give the picture as decoded from a JPEG
  screenshot        ///< shown in a program's window and grabbed
};

std::string_view to_string(Attack attack) noexcept;
std::optional<Attack> parse_attack(std::string_view text);
std::vector<Attack> all_attacks();

struct AttackTarget {
  const imaging::Image* picture = nullptr;  ///< as decoded
  std::vector<imaging::Quad> values;        ///< printed values on it; the edits take one that is large enough
  std::optional<imaging::Quad> portrait;
  const imaging::Image* other_portrait = nullptr;  ///< for `portrait_splice`; none: a drawn figure
  std::string text;                                ///< for `text_overwrite`; empty: random digits
};

/// The attacked picture, not yet compressed. The same dice give the same picture.
/// Error: `Errc::validation` when the target lacks what the attack needs, or is smaller than 200 pixels.
Result<imaging::Image> attack(Attack kind, const AttackTarget& target, Dice& dice);

}  // namespace authx::specimen
