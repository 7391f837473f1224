#pragma once

#include "engines/document/page.h"

namespace authx::document {

/// Orders the fields, fills the summary, and adds the checks that hold for every type: dates, declared type, capture.
/// `pages` in the order of the reading's pages.
void conclude(Reading& reading, const std::vector<PageWork>& pages, const ReadOptions& options);

/// Confidence over the fields that a type must have: of those that were read, halved where they break their rules.
double confidence_of(const Reading& reading, const TypeReader& type);

}  // namespace authx::document
