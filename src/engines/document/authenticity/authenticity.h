#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "engines/document/account.h"
#include "engines/document/reading.h"
#include "imaging/decode.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

/// One page and what was read from the document. `image`, `page` and `reading` are needed; the rest adds checks.
struct AuthenticityInput {
  BytesView file{};                             ///< the original file; empty when it is not at hand
  std::optional<imaging::FileFormat> format{};  ///< of that file
  const imaging::Image* image = nullptr;        ///< decoded, as given
  const PageReading* page = nullptr;            ///< of that image
  const Reading* reading = nullptr;
  Date today{};
  const AccountFacts* account = nullptr;
  std::optional<imaging::Box> portrait{};  ///< on the rectified page; none: where the type prints it
  std::string_view text{};                 ///< all that was read in print, if at hand: looked through for the word SPECIMEN
  bool allow_specimens = false;            ///< published specimens and pictures marked SPECIMEN are noted rather than refused
};

/// Looks for contradictions and for traces of copying, recapture and editing. Appends one finding for each check, also for
/// those that the picture doesn't allow (`not_checked`, with the reason). What concerns the whole reading is checked with the
/// front only, so that each finding comes once when front and back are given in turn.
/// Only contradictions between sources that prove what they say refuse; every trace in pixels asks for a review at most, and
/// none is a proof: `Finding::limits` says what each cannot see. A counterfeit that is photographed like a genuine card leaves
/// no trace here.
/// Blocking, CPU-bound, thread-safe.
void appraise_authenticity(const AuthenticityInput& in, std::vector<Finding>& out);

}  // namespace authx::document
