#include "engines/document/evidence/xml_signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>

#include "base/encoding.h"

namespace authx::document {
namespace {

constexpr std::string_view kDsig = "http://www.w3.org/2000/09/xmldsig#";

bool has_only(const xmlNode* node, std::initializer_list<std::string_view> attributes) {
  for (const xmlAttr* a = node->properties; a != nullptr; a = a->next) {
    const std::string_view name{reinterpret_cast<const char*>(a->name)};
    if (std::ranges::find(attributes, name) == attributes.end()) return false;
  }
  return true;
}

/// True for exclusive, false for inclusive canonicalisation; nothing for any other algorithm or one with parameters.
std::optional<bool> canonicalisation(const xmlNode* node) {
  const std::string uri = attribute(node, "Algorithm");
  if (first_element(node) != nullptr || !has_only(node, {"Algorithm"})) return std::nullopt;
  if (uri == "http://www.w3.org/TR/2001/REC-xml-c14n-20010315") return false;
  if (uri == "http://www.w3.org/2001/10/xml-exc-c14n#") return true;
  return std::nullopt;
}

std::optional<Bytes> base64_of(const xmlNode* node) {
  std::string text = text_of(node);
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  if (text.empty()) return std::nullopt;
  return base64_decode(text);
}

std::size_t count_signatures(const xmlNode* node) {
  std::size_t n = 0;
  for (const xmlNode* c = first_element(node); c != nullptr; c = next_element(c)) {
    if (local_name(c) == "Signature") ++n;
    n += count_signatures(c);
  }
  return n;
}

bool verify(const TrustedKey& key, const EVP_MD* md, BytesView signature, std::string_view data) {
  if (EVP_PKEY_get_base_id(key.key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.key.get()) < 2048) return false;
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> ctx{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  const bool good =
      ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, md, nullptr, key.key.get()) == 1 &&
      EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), reinterpret_cast<const std::uint8_t*>(data.data()), data.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace

XmlSignature check_enveloped_signature(xmlDoc* doc, std::span<const TrustedKey> keys) {
  XmlSignature out;
  const auto refuse = [&](const char* why) {
    out.verdict = XmlVerdict::malformed;
    out.reason = why;
    return out;
  };
  xmlNode* root = xmlDocGetRootElement(doc);
  if (count_signatures(root) != 1) return refuse("The document does not have exactly one signature");
  xmlNode* signature = xmlLastElementChild(root);
  if (!is_element(signature, "Signature", kDsig)) return refuse("The signature is not the document's last element");
  const xmlNode* info = first_element(signature);
  const xmlNode* value = info == nullptr ? nullptr : next_element(info);
  if (!is_element(info, "SignedInfo", kDsig) || !is_element(value, "SignatureValue", kDsig)) return refuse("The signature is incomplete");

  const xmlNode* method = first_element(info);
  const xmlNode* algorithm = method == nullptr ? nullptr : next_element(method);
  const xmlNode* reference = algorithm == nullptr ? nullptr : next_element(algorithm);
  if (!is_element(method, "CanonicalizationMethod", kDsig) || !is_element(algorithm, "SignatureMethod", kDsig) ||
      !is_element(reference, "Reference", kDsig))
    return refuse("The signature is incomplete");
  if (next_element(reference) != nullptr) return refuse("The signature refers to more than the document");
  const auto info_exclusive = canonicalisation(method);
  if (!info_exclusive) return refuse("The signature's canonicalisation is not allowed");
  const std::string algorithm_uri = attribute(algorithm, "Algorithm");
  if (first_element(algorithm) != nullptr) return refuse("The signature's algorithm is not allowed");
  const EVP_MD* md = nullptr;
  if (algorithm_uri == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256") {
    md = EVP_sha256();
  } else if (algorithm_uri == "http://www.w3.org/2000/09/xmldsig#rsa-sha1") {
    md = EVP_sha1();
    out.sha1 = true;
  } else {
    return refuse("The signature's algorithm is not allowed");
  }
  if (xmlHasProp(const_cast<xmlNode*>(reference), reinterpret_cast<const xmlChar*>("URI")) == nullptr ||
      !attribute(reference, "URI").empty() || !has_only(reference, {"URI"}))
    return refuse("The signature does not refer to the whole document");

  const xmlNode* transforms = first_element(reference);
  if (!is_element(transforms, "Transforms", kDsig)) return refuse("The signature's transforms are not allowed");
  const xmlNode* enveloped = first_element(transforms);
  if (!is_element(enveloped, "Transform", kDsig) ||
      attribute(enveloped, "Algorithm") != "http://www.w3.org/2000/09/xmldsig#enveloped-signature" || first_element(enveloped) != nullptr)
    return refuse("The signature's transforms are not allowed");
  bool exclusive = false;
  if (const xmlNode* second = next_element(enveloped)) {
    const auto kind = is_element(second, "Transform", kDsig) ? canonicalisation(second) : std::nullopt;
    if (!kind || next_element(second) != nullptr) return refuse("The signature's transforms are not allowed");
    exclusive = *kind;
  }
  const xmlNode* digest_method = next_element(transforms);
  const xmlNode* digest_value = digest_method == nullptr ? nullptr : next_element(digest_method);
  if (!is_element(digest_method, "DigestMethod", kDsig) || !is_element(digest_value, "DigestValue", kDsig) ||
      attribute(digest_method, "Algorithm") != "http://www.w3.org/2001/04/xmlenc#sha256")
    return refuse("The signature's digest is not allowed");
  const auto digest = base64_of(digest_value);
  const auto signature_value = base64_of(value);
  if (!digest || !signature_value) return refuse("The signature is damaged");

  const std::string signed_info = canonical(doc, info, *info_exclusive);
  xmlUnlinkNode(signature);
  xmlFreeNode(signature);
  const std::string content = canonical(doc, nullptr, exclusive);
  if (signed_info.empty() || content.empty()) return refuse("The document can't be canonicalised");

  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> found{};
  SHA256(reinterpret_cast<const std::uint8_t*>(content.data()), content.size(), found.data());
  const bool same = digest->size() == found.size() && std::ranges::equal(*digest, found);
  if (keys.empty()) {
    out.verdict = XmlVerdict::no_key;
    out.altered = !same;
    return out;
  }
  out.verdict = XmlVerdict::wrong;
  for (const auto& key : keys) {
    if (!verify(key, md, *signature_value, signed_info)) continue;
    out.key = &key;
    break;
  }
  out.altered = !same;
  if (!same) {
    out.reason = "The document was altered after it was signed";
  } else if (out.key == nullptr) {
    out.reason = "No configured key made the signature";
  } else {
    out.verdict = XmlVerdict::good;
  }
  return out;
}

}  // namespace authx::document
