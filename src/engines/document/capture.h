#pragma once

#include <optional>
#include <vector>

#include "engines/document/field.h"
#include "engines/document/outline.h"
#include "imaging/geometry.h"
#include "imaging/image.h"
#include "imaging/quality.h"

namespace authx::document {

/// What a page needs to tell a person before the picture is taken or sent.
struct CaptureAppraisal {
  std::optional<imaging::Quad> outline;  ///< the document, or what of it is on the given image; the whole image for a scan cut to its edges
  bool fills_picture = false;            ///< no outline, but the picture has the shape and the print of a document
  imaging::Quality quality;              ///< of the document, not of the desk
  std::vector<Finding> findings;         ///< ids below; `passed`, `failed`, or `not_checked` when no document was found
  bool ready = false;                    ///< no finding of weight `refuse` or `review` failed
};

/// Judges a picture before anything is read. Findings, each of kind `capture` with the fault's place on the given image:
/// - `document_found`    something with the outline or the print of a document is there (refuse)
/// - `one_document`      only one (review)
/// - `document_whole`    no side is cut off by the picture's border (review); the place is the strip along the border, the explanation
///                       names the sides
/// - `sharp_enough`      its print is blurred neither out of focus nor along one direction (review)
/// - `free_of_glare`     no reflection covers it (review)
/// - `large_enough`      its long side has at least 600 pixels (review; below 350 refuse)
/// - `straight_enough`   not seen at a steep slant (note; beyond 50 degrees or so review)
/// - `bright_enough`     neither too dark nor washed out (review)
/// - `in_color`          not a gray copy (note)
/// About 15 ms on one core; no OCR. An empty image has `document_found` failed and nothing else.
CaptureAppraisal appraise_capture(const imaging::Image& image);

/// The same when it has been searched already.
CaptureAppraisal appraise_capture(const imaging::Image& image, const Sighting& sighting);

/// One short instruction for the person at the camera: "Move closer", "Hold the camera straight above", ...; empty when ready.
std::string_view advice(const CaptureAppraisal& appraisal) noexcept;

}  // namespace authx::document
