#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "engines/document/evidence/evidence.h"
#include "engines/document/evidence/trust_store.h"

namespace authx::document {

bool looks_like_offline_ekyc(BytesView xml) noexcept;

/// UIDAI's paperless offline e-KYC: `<OfflinePaperlessKyc referenceId=…><UidData><Poi/><Poa/><Pht/></UidData><Signature/>`.
/// `unverified`: none of the configured keys made the signature, or there are none. The time of signing is the reference id's.
/// A signature over SHA-1 is accepted for this kind alone and adds a warning. Claims as `read_secure_qr`.
Evidence read_offline_ekyc(BytesView xml, const TrustStore& trust);

/// The same from the ZIP that UIDAI gives out. Errors as `unzip_one`.
Result<Evidence> read_offline_ekyc_zip(BytesView archive, const SecretText& share_code, const TrustStore& trust);

}  // namespace authx::document
