#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "engines/document/evidence/evidence.h"

namespace authx::document {

/// The text itself when it is UTF-8, else read as ISO-8859-1. Control characters become spaces.
std::string to_utf8(BytesView text);

std::string trim(std::string_view text);

/// Adds the claim unless the value is empty.
void add_claim(Evidence& e, std::string name, std::string value, std::string normalised);
void add_claim(Evidence& e, std::string name, const std::string& value);  ///< normalised = value

/// "dob" for a whole date in any printed form, "year_of_birth" for four digits.
void add_birth(Evidence& e, std::string_view value);
/// M, F, X from M, F, T, O, Male, Female, Transgender.
void add_gender(Evidence& e, std::string_view value);
/// Masks the number in the claim, keeps the whole one in `Evidence::number`.
void add_aadhaar_number(Evidence& e, std::string_view digits);
/// Adds "address" with the parts that are not empty, joined by commas, and "pincode" when it is one.
void add_address(Evidence& e, const std::vector<std::string>& parts, std::string_view pincode);

/// Reference id of Aadhaar data: four digits of the number, then YYYYMMDDhhmmssSSS in Indian Standard Time. Sets the
/// masked document_number, signed_at and contact.rounds. False when it is not one.
bool add_reference(Evidence& e, std::string_view reference);

/// Decodes a JPEG or JPEG 2000 portrait of at most four megapixels and 2 MiB; a warning when it is damaged.
void add_portrait(Evidence& e, BytesView file);

}  // namespace authx::document
