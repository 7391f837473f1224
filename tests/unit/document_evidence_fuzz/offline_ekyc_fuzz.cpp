#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>

#include "engines/document/evidence/offline_ekyc.h"
#include "engines/document/evidence/share_code_zip.h"

namespace {

/// A key that exists, so that the signature's whole way is taken; the fuzzer cannot sign with it.
const authx::document::TrustStore& trust() {
  static const authx::document::TrustStore store = [] {
    authx::document::TrustAnchors a;
    EVP_PKEY* key = EVP_RSA_gen(2048);
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    a.offline_kyc_pem.emplace_back(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    EVP_PKEY_free(key);
    auto parsed = authx::document::TrustStore::parse(a);
    if (!parsed) std::abort();
    return *std::move(parsed);
  }();
  return store;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const BytesView file{data, size};
  if (document::read_offline_ekyc(file, trust()).verified()) std::abort();
  if (document::looks_like_zip(file)) {
    const auto out = document::unzip_one(file, SecretText{"1234"});
    if (out && out->size() > (std::size_t{2} << 20)) std::abort();
  }
  return 0;
}
