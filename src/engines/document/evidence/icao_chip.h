#pragma once

#include <span>

#include "base/bytes.h"
#include "engines/document/evidence/evidence.h"
#include "engines/document/evidence/trust_store.h"

namespace authx::document {

/// Whether a file begins like one of a chip's elementary files: EF.SOD or a data group.
bool looks_like_chip_file(BytesView file) noexcept;

/// Passive authentication of an electronic passport or identity card (ICAO Doc 9303-10 and 9303-11, section 5.1) over files that
/// were read from the chip, in any order: EF.SOD and data groups, DG1 and DG2 first of all. Verifies the document security
/// object's signature (RSA PKCS#1 v1.5 and PSS, ECDSA), the signer's chain to a configured country authority, valid at `now`,
/// and the hash of every data group given. Whether the chip itself is genuine (active or chip authentication) can't be told from
/// files: a copy of the files verifies too.
///
/// `signature_invalid` also when a data group does not have the hash that was signed, or has none. At most 16 files of 2 MiB.
/// Claims from DG1: document_number, name, surname, given_names, dob, gender, nationality, issuer, expiry_date; from DG11:
/// name_local, address; from DG12: issue_date. The portrait is DG2's (ISO/IEC 19794-5:2005).
Evidence read_icao_chip(std::span<const BytesView> files, const TrustStore& trust, Time now);

/// The picture in an ISO/IEC 19794-5:2005 face record; empty when it has none.
BytesView face_picture(BytesView record) noexcept;

}  // namespace authx::document
