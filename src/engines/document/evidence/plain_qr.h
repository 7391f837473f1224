#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "engines/document/evidence/evidence.h"

namespace authx::document {

/// QR codes of Indian cards in plain text, all unsigned: PAN cards before 2018, driving licences and voter cards of many states.
/// Their layouts were never published, so numbers are found by their form and other values by their labels ("Name: …",
/// "DOB: …", one a line, or separated by commas, semicolons or bars). `format` is pan, driving_license or voter_id. Nothing when the text
/// holds no number of a known kind.
std::optional<Evidence> read_plain_qr(std::string_view text);

/// The enhanced QR of PAN cards since 2018: a long code in a format that its issuer keeps to itself. Reported as `unverified` with
/// its length. Nothing for short or readable content.
std::optional<Evidence> read_enhanced_pan_qr(BytesView content);

}  // namespace authx::document
