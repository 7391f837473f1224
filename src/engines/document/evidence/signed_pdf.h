#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "engines/document/evidence/evidence.h"
#include "engines/document/evidence/trust_store.h"

namespace authx::document {

bool looks_like_pdf(BytesView file) noexcept;

/// The signature of a PDF such as e-Aadhaar or e-PAN (ISO 32000-1, section 12.8; subfilters adbe.pkcs7.detached and
/// ETSI.CAdES.detached). Only a signature whose byte range is the whole file but for the hole of its own /Contents counts:
/// with several, it is the last one. Anything appended after it makes the state `signature_invalid`. The signer's chain must
/// lead to an anchor of `TrustPurpose::pdf` and have been valid at the time that the signer states, or at `now` without one; the
/// stated time is the signer's own word. Revocation is not looked up.
///
/// Claims come from the text of the pages: document_number (Aadhaar masked; PAN), dob, gender, pincode. A protected PDF is
/// verified without its password, but read only with it. `unverified` also for a PDF without a signature (kind pdf_signature,
/// format empty). At most 20 MiB.
/// Error: `Errc::validation` on "password" when it is wrong, on "file" when the PDF is too large.
Result<Evidence> read_signed_pdf(BytesView file, const SecretText& password, const TrustStore& trust, Time now);

}  // namespace authx::document
