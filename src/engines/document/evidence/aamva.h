#pragma once

#include <string_view>

#include "engines/document/evidence/evidence.h"

namespace authx::document {

bool looks_like_aamva(std::string_view content) noexcept;

/// The PDF417 of American and Canadian driving licences and identity cards: AAMVA DL/ID Card Design Standard, versions 2000 (1)
/// to 2020 (10), annex D. Offsets in the header are often wrong, so subfiles are also found by their type and first element.
/// Unsigned: read only. Claims: document_number, name, surname, given_names, dob, gender, address, pincode (the postal code),
/// issue_date, expiry_date, issuer (USA or CAN), issuer_id (IIN), jurisdiction, discriminator.
Evidence read_aamva(std::string_view content);

}  // namespace authx::document
