#pragma once

#include <string_view>

#include "engines/document/evidence/evidence.h"

namespace authx::document {

bool looks_like_legacy_qr(std::string_view text) noexcept;

/// The unsigned XML of Aadhaar letters printed before 2018: `<PrintLetterBarcodeData uid=… name=… …/>`. Printers damaged it in
/// many ways (`</?xml`, no space between attributes, lower-case tags), so attributes are read one by one; a document type or
/// entity declaration is refused. Holds the whole Aadhaar number: `holds_secret` is set, also when it is unreadable.
/// At most 8 KiB.
Evidence read_legacy_qr(std::string_view text);

}  // namespace authx::document
