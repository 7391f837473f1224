#include "services/providers/signing.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "base/encoding.h"
#include "base/json.h"

namespace authx::providers {
namespace {

struct BioFree {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct PkeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct MdCtxFree {
  void operator()(EVP_MD_CTX* ctx) const noexcept { EVP_MD_CTX_free(ctx); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyFree>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, MdCtxFree>;

constexpr int kLeastBits = 2048;

Pkey read_key(std::string_view pem, bool secret) {
  const std::unique_ptr<BIO, BioFree> bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  if (bio == nullptr) return nullptr;
  // No password is asked for on the terminal.
  const auto none = [](char*, int, int, void*) { return 0; };
  Pkey key{secret ? PEM_read_bio_PrivateKey(bio.get(), nullptr, none, nullptr) : PEM_read_bio_PUBKEY(bio.get(), nullptr, none, nullptr)};
  if (key != nullptr && (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.get()) < kLeastBits)) return nullptr;
  return key;
}

std::string signing_input(std::string_view header, std::string_view body) {
  std::string out{header};
  out += '.';
  out += body;
  return out;
}

}  // namespace

Result<> check_private_key(const SecretText& pem) {
  if (read_key(pem.expose(), true) == nullptr) return Error::invalid("key", "must be an RSA private key of 2048 bits or more in PEM form");
  return {};
}

Result<> check_public_key(const std::string& pem) {
  if (read_key(pem, false) == nullptr) return Error::invalid("answer key", "must be an RSA public key of 2048 bits or more in PEM form");
  return {};
}

Result<std::string> sign_detached(const SecretText& private_key_pem, std::string_view key_id, std::string_view body) {
  const auto key = read_key(private_key_pem.expose(), true);
  const MdCtx ctx{EVP_MD_CTX_new()};
  json::object header{{"alg", "RS256"}, {"b64", false}, {"crit", json::array{"b64"}}};
  if (!key_id.empty()) header["kid"] = json::string_view{key_id.data(), key_id.size()};
  const auto encoded = base64url_encode(as_bytes(json::serialize(header)));
  const auto input = signing_input(encoded, body);
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(input.data());
  if (key == nullptr || ctx == nullptr || EVP_DigestSignInit(ctx.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(ctx.get(), nullptr, &size, data, input.size()) != 1)
    return Error{Errc::internal, "jws signing"};
  Bytes signature(size);
  if (EVP_DigestSign(ctx.get(), signature.data(), &size, data, input.size()) != 1) return Error{Errc::internal, "jws signing"};
  signature.resize(size);
  return encoded + ".." + base64url_encode(signature);
}

Result<> verify_detached(const std::string& public_key_pem, std::string_view jws, std::string_view body) {
  const auto refused = [](const char* why) { return Error{Errc::unauthenticated, why}; };
  const auto dots = jws.find("..");
  if (dots == std::string_view::npos || jws.size() > 8192) return refused("jws form");
  const auto header_text = base64url_decode(jws.substr(0, dots));
  const auto signature = base64url_decode(jws.substr(dots + 2));
  if (!header_text || !signature) return refused("jws form");
  const auto header = parse_json(as_text(*header_text));
  if (!header || get_text(*header, "alg") != "RS256" || get_bool(*header, "b64") != false) return refused("jws header");
  const auto* critical = find(*header, "crit");
  if (critical == nullptr || *critical != json::value(json::array{"b64"})) return refused("jws header");
  const auto key = read_key(public_key_pem, false);
  const MdCtx ctx{EVP_MD_CTX_new()};
  const auto input = signing_input(jws.substr(0, dots), body);
  if (key == nullptr || ctx == nullptr || EVP_DigestVerifyInit(ctx.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestVerify(ctx.get(), signature->data(), signature->size(), reinterpret_cast<const unsigned char*>(input.data()),
                       input.size()) != 1)
    return refused("jws signature");
  return {};
}

}  // namespace authx::providers
