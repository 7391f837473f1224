#include "services/auth/attestation.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace authx::auth::webauthn {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Context = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;
using Constraints = std::unique_ptr<BASIC_CONSTRAINTS, Deleter<BASIC_CONSTRAINTS_free>>;
using File = std::unique_ptr<BIO, Deleter<BIO_free>>;
struct StackFree {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), StackFree>;

constexpr const char* kAaguidExtension = "1.3.6.1.4.1.45724.1.1.4";
constexpr std::size_t kLongestName = 200;

Certificate parse(BytesView der) {
  const auto* data = der.data();
  Certificate out{d2i_X509(nullptr, &data, static_cast<long>(der.size()))};
  return out && data == der.data() + der.size() ? std::move(out) : Certificate{};
}

/// Of the subject, as UTF-8; empty when it has none or more than one.
std::string name_part(const X509* certificate, int nid) {
  const auto* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, nid, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, nid, at) >= 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string out{reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
  OPENSSL_free(text);
  return out;
}

bool aaguid_fits(const X509* certificate, const Uuid& aaguid) {
  const Object id{OBJ_txt2obj(kAaguidExtension, 1)};
  const int at = X509_get_ext_by_OBJ(certificate, id.get(), -1);
  if (at < 0) return true;
  auto* extension = X509_get_ext(certificate, at);
  if (X509_EXTENSION_get_critical(extension) != 0 || X509_get_ext_by_OBJ(certificate, id.get(), at) >= 0) return false;
  const auto* value = X509_EXTENSION_get_data(extension);
  const BytesView bytes{ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))};
  // The value is an OCTET STRING of 16 bytes, within the one of the extension.
  return bytes.size() == 18 && bytes[0] == 0x04 && bytes[1] == 16 && std::ranges::equal(bytes.subspan(2), aaguid.bytes);
}

Error unusable(const std::string& what) { return Error::invalid("AUTHX_PASSKEY_ROOTS", what); }

}  // namespace

std::optional<AttestationPolicy> parse_attestation_policy(std::string_view word) noexcept {
  if (word == "none") return AttestationPolicy::none;
  if (word == "optional") return AttestationPolicy::optional;
  if (word == "trusted") return AttestationPolicy::trusted;
  return std::nullopt;
}

bool is_attestation_certificate(BytesView der, const Uuid& aaguid) {
  const auto certificate = parse(der);
  if (!certificate || X509_get_version(certificate.get()) != X509_VERSION_3) return false;
  if (name_part(certificate.get(), NID_countryName).size() != 2 || name_part(certificate.get(), NID_organizationName).empty() ||
      name_part(certificate.get(), NID_commonName).empty() ||
      name_part(certificate.get(), NID_organizationalUnitName) != "Authenticator Attestation")
    return false;
  const Constraints constraints{
      static_cast<BASIC_CONSTRAINTS*>(X509_get_ext_d2i(certificate.get(), NID_basic_constraints, nullptr, nullptr))};
  return constraints && constraints->ca == 0 && aaguid_fits(certificate.get(), aaguid);
}

Result<AttestationRoots> AttestationRoots::load(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code ec;
  std::vector<fs::path> files;
  for (fs::directory_iterator it{folder, ec}, end; !ec && it != end; it.increment(ec))
    if (const auto kind = it->path().extension(); kind == ".pem" || kind == ".crt" || kind == ".cer") files.push_back(it->path());
  if (ec) return unusable("cannot be read: " + ec.message());
  std::ranges::sort(files);
  AttestationRoots out;
  out.store_ = {X509_STORE_new(), &X509_STORE_free};
  if (!out.store_) return Error{Errc::internal, "certificate store"};
  std::size_t count = 0;
  for (const auto& path : files) {
    const File file{BIO_new_file(path.c_str(), "r")};
    std::size_t here = 0;
    while (file) {
      const Certificate certificate{PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr)};
      if (!certificate) break;
      X509_STORE_add_cert(out.store_.get(), certificate.get());
      ++here;
    }
    ERR_clear_error();
    if (here == 0) return unusable(path.filename().string() + " holds no certificate");
    count += here;
  }
  if (count == 0) return unusable("holds no certificates");
  return out;
}

std::optional<std::string> AttestationRoots::root_of(const std::vector<BytesView>& chain, Time now) const {
  if (chain.empty() || chain.size() > kLongestChain) return std::nullopt;
  std::vector<Certificate> owned;
  const Stack others{sk_X509_new_null()};
  for (const auto der : chain) {
    owned.push_back(parse(der));
    if (!owned.back()) return std::nullopt;
    if (owned.size() > 1) sk_X509_push(others.get(), owned.back().get());
  }
  const Context context{X509_STORE_CTX_new()};
  if (!context || X509_STORE_CTX_init(context.get(), store_.get(), owned.front().get(), others.get()) != 1) return std::nullopt;
  auto* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_auth_level(rules, 2);  // 112 bits: no SHA-1, no RSA below 2048
  X509_VERIFY_PARAM_set_time(rules, std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
  const bool trusted = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (!trusted) return std::nullopt;
  const auto* full = X509_STORE_CTX_get0_chain(context.get());
  const auto* root = sk_X509_value(full, sk_X509_num(full) - 1);
  auto name = name_part(root, NID_commonName);
  if (name.empty()) name = name_part(root, NID_organizationName);
  if (name.size() > kLongestName || name.empty()) name = "a configured root";
  return name;
}

}  // namespace authx::auth::webauthn
