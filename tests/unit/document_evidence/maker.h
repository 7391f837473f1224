#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "imaging/image.h"

namespace authx::document::testing {

/// Keys, certificates, codes and files that an issuer would make, made with keys of our own.
enum class KeyKind { rsa, ec };
struct Signer {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;

  std::string pem() const;             ///< the certificate
  std::string public_key_pem() const;  ///< the bare key
};
/// Self-signed, or issued by `issuer`.
Signer make_signer(std::string_view name, Time from, Time to, KeyKind kind = KeyKind::rsa, const Signer* issuer = nullptr);
Bytes sha256(BytesView data);
Bytes sign(const Signer& signer, BytesView data, const EVP_MD* md = EVP_sha256());

struct SecureQr {
  std::string version;  ///< empty for V1
  char indicator = '0';
  std::vector<std::string> fields;  ///< reference id … vtc, and the mobile's last four for later versions
  Bytes tail;                       ///< portrait and hashes
};
SecureQr sample_qr(std::string version);
Bytes qr_plain(const SecureQr& qr);                          ///< inflated, without signature
std::string qr_text(BytesView inflated);                     ///< compressed, as decimal digits
std::string signed_qr(const SecureQr& qr, const Signer& s);  ///< the whole way

Bytes jpeg_portrait();
imaging::Image draw_code(std::string_view content, bool pdf417, int side);

/// Offline e-KYC with an enveloped signature. `inner` is put in place of the standard UidData.
std::string ekyc_xml(const Signer& s, std::string_view uid_data = {});
std::string standard_uid_data();
Bytes zip_encrypted(std::string_view name, BytesView content, std::string_view password);

/// A one-page PDF whose text is `lines`, signed over everything but the signature.
Bytes signed_pdf(const std::vector<std::string>& lines, const Signer& s, Time signed_at);

Bytes tlv(std::uint32_t tag, BytesView value);
Bytes dg1(std::string_view mrz);
Bytes dg2(BytesView picture);
struct Hashed {
  int group;
  Bytes file;
};
/// EF.SOD over the groups' SHA-256 hashes; `issuer` null leaves the signer's own certificate.
Bytes sod(const std::vector<Hashed>& groups, const Signer& document_signer, bool pss = false);

}  // namespace authx::document::testing
