#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace authx::document {

bool looks_like_zip(BytesView file) noexcept;

/// The one file in a ZIP archive, as UIDAI's offline e-KYC has it: stored or deflated, with PKWARE's traditional encryption
/// (APPNOTE 6.3.10, section 6.1) or none. The archive is at most 5 MiB, the file at most 2 MiB and 200 times its packed size;
/// more entries, ZIP64, split archives and other encryption are refused, and the checksum must be right.
/// Errors: `Errc::validation` on "share_code" when it is missing or wrong, on "file" for the archive.
Result<Bytes> unzip_one(BytesView archive, const SecretText& share_code);

}  // namespace authx::document
