#pragma once

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "engines/document/evidence/evidence.h"
#include "engines/document/evidence/trust_store.h"

namespace authx::document {

/// Verifies what a person uploads beside or instead of a picture: one offline e-KYC (ZIP or XML), one signed PDF, or a chip's
/// files together. The kind is told by the content. `secret` is the share code or the PDF's password; empty when there is none.
/// Errors: `Errc::validation` on "file" when it is of no such kind or too large, on "share_code" or "password" when that is
/// missing or wrong. Blocking, CPU-bound, thread-safe.
Result<Evidence> read_file_evidence(std::span<const BytesView> files, const SecretText& secret, const TrustStore& trust, Time now);

}  // namespace authx::document
