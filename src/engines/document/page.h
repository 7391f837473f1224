#pragma once

#include <optional>

#include "base/deadline.h"
#include "base/result.h"
#include "engines/document/capture.h"
#include "engines/document/reader.h"
#include "engines/document/types/type.h"

namespace authx::document {

/// One picture on its way through the stages: capture, outline, upright, machine-readable zone, print.
struct PageWork {
  PageReading page;
  Page content;
  imaging::Image gray;  ///< of the upright page; `content` refers to it
  CaptureAppraisal capture;
  std::optional<imaging::Quad> zone;  ///< of the machine-readable zone, on the input

  PageWork() = default;
  PageWork(const PageWork&) = delete;
  PageWork& operator=(const PageWork&) = delete;
  PageWork(PageWork&& other) noexcept { *this = std::move(other); }
  PageWork& operator=(PageWork&& other) noexcept;
};

struct TypeMatch {
  const TypeReader* type = nullptr;
  double score = 0;
};

/// At or above it a page is of the type that scored.
inline constexpr double kSureOfType = 0.5;

TypeMatch best_type(const Page& page);

/// Appraises the picture, finds the document, puts it upright and reads what it says. Tries the outlines that were found, then the
/// whole picture, until a known type comes out; each as it lies and, failing that, the other way up.
Result<void> prepare_page(const imaging::Image& input, Side side, const ReadOptions& options, const Deadline& deadline, PageWork& out);

/// Reads the upright page again, the slow and thorough way, in place of what was read.
Result<void> read_thoroughly(const Deadline& deadline, PageWork& work);

}  // namespace authx::document
