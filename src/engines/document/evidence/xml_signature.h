#pragma once

#include <span>
#include <string>

#include "engines/document/evidence/trust_store.h"
#include "engines/document/evidence/xml_document.h"

namespace authx::document {

enum class XmlVerdict {
  good,       ///< a key of `keys` signed the whole document but for the signature
  wrong,      ///< the digest or every key's signature does not fit
  malformed,  ///< a form that is not allowed
  no_key,     ///< no keys to try
};

struct XmlSignature {
  XmlVerdict verdict = XmlVerdict::malformed;
  const TrustedKey* key = nullptr;
  bool sha1 = false;     ///< the signature (not the digest) is over SHA-1
  bool altered = false;  ///< `wrong` because the content's digest does not fit
  std::string reason;
};

/// Enveloped XML signature (W3C XML Signature 1.1) in the one form that offline e-KYC has: exactly one Signature in the document,
/// the last element of the root; one Reference with URI="", transformed by enveloped-signature and at most one canonicalisation;
/// SHA-256 digest; RSA with SHA-256, or SHA-1, which UIDAI used. KeyInfo is ignored: only `keys` count. Everything else is
/// refused, so that no second content can hide beside the signed one. Removes the Signature from the document: what is left is
/// what was signed.
XmlSignature check_enveloped_signature(xmlDoc* doc, std::span<const TrustedKey> keys);

}  // namespace authx::document
