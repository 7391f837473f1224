#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engines/document/reading.h"
#include "engines/face/types.h"

namespace authx::documents {

/// The document step's outcome.
struct Grade {
  bool accepted = false;
  bool needs_review = false;  ///< accepted, but read with little certainty
  bool expired = false;
  bool invalid = false;              ///< a check failed that no better photo would mend
  std::vector<std::string> reasons;  ///< sentences without personal data
};
Grade grade(const document::Reading& reading);

/// The specification's `ocr_data`: what was read, by field name, with the number as it may be shown.
json::object ocr_data(const document::Reading& reading);

/// What is kept beside what was read.
struct Kept {
  std::optional<face::Embedding> portrait{};
  bool portrait_signed = false;  ///< it comes from verified evidence, not from print
  bool redacted = false;         ///< numbers were painted over on the kept pictures
};

/// Everything kept of a reading but the portrait's embedding: fields, findings, evidence, assurance.
json::object reading_json(const document::Reading& reading, const Grade& grade, const Kept& kept = {});
document::Finding finding_from_json(const json::value& v);

/// Of readings from before portraits had a place of their own.
std::optional<face::Embedding> embedding_from_json(const json::value& v);

}  // namespace authx::documents
