#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/result.h"
#include "engines/document/account.h"
#include "engines/document/evidence/trust_store.h"
#include "engines/document/reading.h"

namespace authx::document {

struct ReadOptions {
  DeclaredType declared = DeclaredType::other;
  Date today{};                       ///< for expiry, ages and the century of MRZ dates
  const TrustStore* trust = nullptr;  ///< none: signatures are reported as unverified
  BytesView front_file{};             ///< the files as given, where at hand: their compression and metadata are looked at
  BytesView back_file{};
  const AccountFacts* account = nullptr;  ///< compared with the document when given
  bool allow_specimens = true;            ///< published specimens and pictures marked SPECIMEN are noted rather than refused
  std::vector<Evidence> evidence{};       ///< of signed files that came with the pictures; laid over what they show
};

/// Finds the document on each image, turns it upright, tells its type, reads its fields and checks them.
/// An unreadable or unknown document is a Reading with findings, not an error.
/// Blocking, CPU-bound, one thread; each calling thread keeps one OCR engine of its own, made on first use.
/// Errors: `Errc::request_timeout` when `deadline` passes, `Errc::capability_unavailable` when OCR language data is missing,
/// `Errc::validation` for an empty image.
Result<Reading> read(const imaging::Image& front, const imaging::Image* back, const ReadOptions& options, const Deadline& deadline);

/// A reading of signed files alone, without a picture: offline e-KYC, a chip's data groups. Evidence that no configured issuer signed
/// fails "signed_by_configured_issuer" and is not enough. Pure.
Reading read_evidence(const std::vector<Evidence>& evidence, const ReadOptions& options);

inline Result<Reading> read(const imaging::Image& front, const imaging::Image* back, DeclaredType declared, Date today,
                            const Deadline& deadline) {
  ReadOptions options;
  options.declared = declared;
  options.today = today;
  return read(front, back, options, deadline);
}

}  // namespace authx::document
