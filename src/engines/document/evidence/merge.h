#pragma once

#include <vector>

#include "engines/document/evidence/evidence.h"
#include "engines/document/reading.h"

namespace authx::document {

/// Lays evidence over what was read from the picture. Call it when the fields of all pages are extracted, before what depends on
/// the values (expiry, ages, whether the type is known) is checked.
///
/// - Verified claims come first among the fields of their name and become the reading's values; what was printed stays behind.
/// - Each claim is compared with what was read: findings "qr_agrees_name", "chip_agrees_dob", "pdf417_agrees_document_number", …
///   A difference to verified evidence refuses the document when OCR was sure of the print, else asks for a review; a difference
///   to other evidence asks for a review.
/// - Findings "qr_signature", "file_signature", "chip_signature" tell the state of what should be signed.
/// - Claims of evidence that is not verified fill in what was not read, with low confidence, and never raise the assurance.
///   Nothing is taken from evidence whose signature is invalid.
/// - A document of unknown type gets the evidence's; evidence of another type fails "qr_fits_document" and is not merged.
/// - Codes that hold a whole Aadhaar number are added to the pages' secret areas.
/// - The best portrait of verified evidence becomes `signed_portrait`: chip, then file, then QR.
void merge_evidence(const std::vector<Evidence>& evidence, Reading& reading);

}  // namespace authx::document
