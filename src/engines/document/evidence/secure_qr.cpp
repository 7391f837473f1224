#include "engines/document/evidence/secure_qr.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <vector>

#include "base/encoding.h"
#include "engines/document/evidence/inflate.h"
#include "engines/document/evidence/openssl.h"
#include "engines/document/evidence/values.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostInflated = std::size_t{64} << 10;
constexpr std::size_t kSignature = 256;
constexpr std::size_t kHash = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

enum class KeyFit { none, made_for_other_data, made_for_this };

/// RSA lets the digest be recovered: a key that did not make the signature yields no well-formed padding.
KeyFit fit(const TrustedKey& key, BytesView signature, BytesView digest) {
  if (EVP_PKEY_get_base_id(key.key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_size(key.key.get()) != static_cast<int>(signature.size()))
    return KeyFit::none;
  const PkeyCtxPtr ctx{EVP_PKEY_CTX_new(key.key.get(), nullptr)};
  std::array<std::uint8_t, kSignature> recovered{};
  std::size_t size = recovered.size();
  const bool good = ctx && EVP_PKEY_verify_recover_init(ctx.get()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(ctx.get(), RSA_PKCS1_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_signature_md(ctx.get(), EVP_sha256()) == 1 &&
                    EVP_PKEY_verify_recover(ctx.get(), recovered.data(), &size, signature.data(), signature.size()) == 1;
  ERR_clear_error();
  if (!good) return KeyFit::none;
  return size == digest.size() && std::equal(digest.begin(), digest.end(), recovered.begin()) ? KeyFit::made_for_this
                                                                                              : KeyFit::made_for_other_data;
}

void check_signature(BytesView data, const TrustStore& trust, Evidence& out) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const BytesView signed_part = data.first(data.size() - kSignature);
  SHA256(signed_part.data(), signed_part.size(), digest.data());
  out.state = EvidenceState::unverified;
  for (const auto& key : trust.keys(TrustPurpose::aadhaar_qr)) {
    const auto found = fit(key, data.last(kSignature), digest);
    if (found == KeyFit::none) continue;
    const bool right = found == KeyFit::made_for_this;
    const bool in_time = out.signed_at && key.valid_at(*out.signed_at);
    out.state = !right ? EvidenceState::signature_invalid : in_time ? EvidenceState::verified : EvidenceState::expired_key;
    out.key_name = key.name;
    out.key_fingerprint = key.fingerprint;
    // Keys are renewed under new certificates: another one with the same key may cover the time.
    if (out.state != EvidenceState::expired_key) return;
  }
}

/// The portrait and hashes between the last field and the signature. Versions differ in whether hashes follow at all, so the
/// picture's end marker decides: JPEG's EOI and JPEG 2000's EOC are the same two bytes.
void read_tail(BytesView tail, int indicator, Evidence& out) {
  const std::size_t announced = static_cast<std::size_t>((indicator & 1) + ((indicator >> 1) & 1));
  const auto picture_ends_before = [&](std::size_t hashes) {
    const std::size_t n = hashes * kHash;
    return tail.size() >= n + 2 && tail[tail.size() - n - 2] == 0xFF && tail[tail.size() - n - 1] == 0xD9;
  };
  std::optional<std::size_t> hashes;
  for (const std::size_t n : {announced, std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    if (!hashes && picture_ends_before(n)) hashes = n;
  }
  const bool picture = hashes.has_value();
  if (!hashes) {
    if (tail.size() != announced * kHash && !tail.empty()) out.warnings.emplace_back("The code's binary part is not in a known form");
    hashes = tail.size() == announced * kHash ? announced : 0;
  }
  const BytesView hash_bytes = tail.last(*hashes * kHash);
  if (*hashes == announced && announced > 0) {
    std::size_t at = 0;
    if ((indicator & 1) != 0) out.contact.email = hex_encode(hash_bytes.subspan(kHash * at++, kHash));
    if ((indicator & 2) != 0) out.contact.mobile = hex_encode(hash_bytes.subspan(kHash * at, kHash));
  }
  if (picture) add_portrait(out, tail.first(tail.size() - *hashes * kHash));
}

bool read_fields(BytesView data, Evidence& out) {
  const bool marked = data.size() > 3 && data[0] == 'V' && is_digit(static_cast<char>(data[1])) && data[2] == 0xFF;
  // V1: indicator .. vtc; later: version, the same, last four digits of the mobile number.
  const std::size_t count = marked ? 18 : 16;
  const BytesView body = data.first(data.size() - kSignature);
  std::vector<std::string> f;
  std::size_t at = 0;
  while (f.size() < count) {
    const auto end = std::find(body.begin() + static_cast<std::ptrdiff_t>(at), body.end(), std::uint8_t{0xFF});
    if (end == body.end()) return false;
    const auto stop = static_cast<std::size_t>(end - body.begin());
    f.push_back(trim(to_utf8(body.subspan(at, stop - at))));
    at = stop + 1;
  }
  out.format = marked ? f[0] : "V1";
  const std::size_t o = marked ? 1 : 0;
  const auto field = [&](std::size_t i) -> const std::string& { return f[o + i]; };
  if (field(0).size() != 1 || field(0)[0] < '0' || field(0)[0] > '3') return false;
  if (!add_reference(out, field(1))) return false;
  add_claim(out, "name", field(2));
  add_birth(out, field(3));
  add_gender(out, field(4));
  add_claim(out, "care_of", field(5));
  // house, street, landmark, location, vtc, post office, subdistrict, district, state
  add_address(out, {field(8), field(13), field(7), field(9), field(15), field(11), field(14), field(6), field(12)}, field(10));
  if (marked) add_claim(out, "mobile_last4", f[17]);
  read_tail(body.subspan(at), field(0)[0] - '0', out);
  return true;
}

}  // namespace

std::optional<Bytes> decimal_to_bytes(std::string_view digits) {
  if (digits.empty() || digits.size() > kMostDecimalDigits || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  // Eighteen digits at a time into 64-bit limbs, least significant first: value = value * 10^18 + chunk.
  std::vector<std::uint64_t> limbs;
  for (std::size_t at = 0; at < digits.size();) {
    const std::size_t n = at == 0 && digits.size() % 18 != 0 ? digits.size() % 18 : 18;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < n; ++i) carry = carry * 10 + static_cast<std::uint64_t>(digits[at + i] - '0');
    for (auto& limb : limbs) {
      __extension__ using Wide = unsigned __int128;
      const Wide v = static_cast<Wide>(limb) * 1'000'000'000'000'000'000ULL + carry;
      limb = static_cast<std::uint64_t>(v);
      carry = static_cast<std::uint64_t>(v >> 64);
    }
    if (carry != 0) limbs.push_back(carry);
    at += n;
  }
  Bytes out;
  for (auto limb = limbs.rbegin(); limb != limbs.rend(); ++limb) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      const auto byte = static_cast<std::uint8_t>(*limb >> shift);
      if (byte != 0 || !out.empty()) out.push_back(byte);
    }
  }
  return out;
}

bool looks_like_secure_qr(std::string_view text) noexcept {
  const auto digits = std::ranges::count_if(text, is_digit);
  return digits >= 1000 && digits <= static_cast<std::ptrdiff_t>(kMostDecimalDigits) &&
         digits + std::ranges::count_if(text, is_space) == static_cast<std::ptrdiff_t>(text.size());
}

Evidence read_secure_qr(std::string_view text, const TrustStore& trust) {
  Evidence out;
  out.kind = EvidenceKind::secure_qr;
  std::string digits;
  if (text.size() <= 2 * kMostDecimalDigits) std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return !is_space(c); });
  const auto packed = decimal_to_bytes(digits);
  const auto data = packed ? inflate_capped(*packed, kMostInflated, Deflated::gzip_or_zlib) : std::nullopt;
  if (!data || data->bytes.size() <= kSignature) {
    out.warnings.emplace_back("The code holds no compressed Aadhaar data");
    return out;
  }
  if (data->consumed != packed->size()) out.warnings.emplace_back("Bytes that nobody signed follow the data in the code");
  if (!read_fields(data->bytes, out)) {
    out.claims.clear();
    out.warnings.emplace_back("The code's data is not in the form of an Aadhaar Secure QR");
    return out;
  }
  check_signature(data->bytes, trust, out);
  return out;
}

}  // namespace authx::document
