#include "engines/document/evidence/file_evidence.h"

#include <algorithm>

#include "engines/document/evidence/icao_chip.h"
#include "engines/document/evidence/offline_ekyc.h"
#include "engines/document/evidence/share_code_zip.h"
#include "engines/document/evidence/signed_pdf.h"

namespace authx::document {

Result<Evidence> read_file_evidence(std::span<const BytesView> files, const SecretText& secret, const TrustStore& trust, Time now) {
  if (files.empty()) return Error::invalid("file", "no file was given");
  if (files.size() == 1) {
    const BytesView file = files.front();
    if (looks_like_zip(file)) return read_offline_ekyc_zip(file, secret, trust);
    if (looks_like_offline_ekyc(file)) return read_offline_ekyc(file, trust);
    if (looks_like_pdf(file)) return read_signed_pdf(file, secret, trust, now);
  }
  if (std::ranges::all_of(files, looks_like_chip_file)) return read_icao_chip(files, trust, now);
  return Error::invalid("file", files.size() == 1 ? "is neither offline e-KYC, nor a PDF, nor a file of a chip"
                                                  : "several files must all be files of one chip");
}

}  // namespace authx::document
