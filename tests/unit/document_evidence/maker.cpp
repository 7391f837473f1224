#include "maker.h"

#define ZX_USE_UTF8 1
#include <ZXing/BitMatrix.h>
#include <ZXing/MultiFormatWriter.h>
#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <zlib.h>

#include <array>
#include <chrono>
#include <stdexcept>

#include "base/encoding.h"
#include "imaging/decode.h"

namespace authx::document::testing {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error{what};
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

std::time_t seconds(Time t) { return static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count()); }

Bytes cms_der(CMS_ContentInfo* cms) {
  std::uint8_t* der = nullptr;
  const int size = i2d_CMS_ContentInfo(cms, &der);
  require(size > 0, "i2d_CMS_ContentInfo");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  CMS_ContentInfo_free(cms);
  return out;
}

void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

void put_le(Bytes& out, std::uint32_t v, int n) {
  for (int i = 0; i < n; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}

}  // namespace

Bytes sha256(BytesView data) {
  Bytes out(SHA256_DIGEST_LENGTH);
  SHA256(data.data(), data.size(), out.data());
  return out;
}

std::string Signer::pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate.get());
  return drain(bio);
}

std::string Signer::public_key_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key.get());
  return drain(bio);
}

Signer make_signer(std::string_view name, Time from, Time to, KeyKind kind, const Signer* issuer) {
  Signer s;
  s.key.reset(kind == KeyKind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), &EVP_PKEY_free);
  s.certificate.reset(X509_new(), &X509_free);
  X509* c = s.certificate.get();
  X509_set_version(c, 2);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(c), seconds(from));
  ASN1_TIME_set(X509_getm_notAfter(c), seconds(to));
  const std::string text{name};
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8, reinterpret_cast<const std::uint8_t*>(text.c_str()), -1, -1, 0);
  X509_set_issuer_name(c, X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : c));
  X509_set_pubkey(c, s.key.get());
  const auto extend = [&](int nid, const char* value) {
    X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    require(e != nullptr, "extension");
    X509_add_ext(c, e, -1);
    X509_EXTENSION_free(e);
  };
  extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  extend(NID_key_usage, issuer == nullptr ? "critical,keyCertSign,digitalSignature" : "critical,digitalSignature");
  require(X509_sign(c, issuer != nullptr ? issuer->key.get() : s.key.get(), EVP_sha256()) > 0, "X509_sign");
  return s;
}

Bytes sign(const Signer& signer, BytesView data, const EVP_MD* md) {
  EVP_MD_CTX* ctx = EVP_MD_CTX_new();
  std::size_t size = 0;
  require(EVP_DigestSignInit(ctx, nullptr, md, nullptr, signer.key.get()) == 1, "sign");
  require(EVP_DigestSign(ctx, nullptr, &size, data.data(), data.size()) == 1, "sign");
  Bytes out(size);
  require(EVP_DigestSign(ctx, out.data(), &size, data.data(), data.size()) == 1, "sign");
  EVP_MD_CTX_free(ctx);
  out.resize(size);
  return out;
}

Bytes jpeg_portrait() {
  imaging::Image face(60, 72, 1, 120);
  for (int y = 0; y < 72; ++y) {
    for (int x = 0; x < 60; ++x) face.row(y)[x] = static_cast<std::uint8_t>(60 + x + y);
  }
  return *imaging::encode_jpeg(face, 60);
}

SecureQr sample_qr(std::string version) {
  SecureQr qr;
  qr.version = std::move(version);
  qr.fields = {"234620240615143205123",
               "Asha Rao",
               "14-12-1976",
               "F",
               "C/O Ravi Rao",
               "Bengaluru Urban",
               "Near Temple",
               "12/3",
               "Jayanagar",
               "560011",
               "Jayanagar",
               "Karnataka",
               "4th Cross",
               "Bengaluru South",
               "Bengaluru"};
  if (!qr.version.empty()) qr.fields.emplace_back("4321");
  qr.tail = jpeg_portrait();
  return qr;
}

Bytes qr_plain(const SecureQr& qr) {
  Bytes out;
  const auto field = [&](std::string_view text) {
    append(out, as_bytes(text));
    out.push_back(0xFF);
  };
  if (!qr.version.empty()) field(qr.version);
  field(std::string(1, qr.indicator));
  for (const auto& f : qr.fields) field(f);
  append(out, qr.tail);
  return out;
}

std::string qr_text(BytesView inflated) {
  z_stream z{};
  require(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
  Bytes packed(deflateBound(&z, inflated.size()));
  z.next_in = const_cast<Bytef*>(inflated.data());
  z.avail_in = static_cast<uInt>(inflated.size());
  z.next_out = packed.data();
  z.avail_out = static_cast<uInt>(packed.size());
  require(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
  packed.resize(z.total_out);
  deflateEnd(&z);
  BIGNUM* n = BN_bin2bn(packed.data(), static_cast<int>(packed.size()), nullptr);
  char* digits = BN_bn2dec(n);
  std::string out = digits;
  OPENSSL_free(digits);
  BN_free(n);
  return out;
}

std::string signed_qr(const SecureQr& qr, const Signer& s) {
  Bytes all = qr_plain(qr);
  append(all, sign(s, all));
  return qr_text(all);
}

imaging::Image draw_code(std::string_view content, bool pdf417, int side) {
  ZXing::MultiFormatWriter writer{pdf417 ? ZXing::BarcodeFormat::PDF417 : ZXing::BarcodeFormat::QRCode};
  writer.setMargin(4);
  const auto bits = writer.encode(std::string{content}, side, pdf417 ? side / 3 : side);
  imaging::Image out(bits.width() + 80, bits.height() + 80, 1, 255);
  for (int y = 0; y < bits.height(); ++y) {
    for (int x = 0; x < bits.width(); ++x) {
      if (bits.get(x, y)) out.row(y + 40)[x + 40] = 0;
    }
  }
  return out;
}

std::string standard_uid_data() {
  return R"(<UidData><Poi dob="14-12-1976" e="" gender="F" m="" name="Asha Rao"></Poi><Poa careof="C/O Ravi Rao" country="India" dist="Bengaluru Urban" house="12/3" landmark="" loc="Jayanagar" pc="560011" po="Jayanagar" state="Karnataka" street="4th Cross" subdist="Bengaluru South" vtc="Bengaluru"></Poa><Pht>)" +
         base64_encode(jpeg_portrait()) + "</Pht></UidData>";
}

std::string ekyc_xml(const Signer& s, std::string_view uid_data) {
  // Written in canonical form, so that the text itself is what is hashed.
  const std::string data = uid_data.empty() ? standard_uid_data() : std::string{uid_data};
  const std::string open = R"(<OfflinePaperlessKyc referenceId="234620240615143205123">)";
  const std::string close = "</OfflinePaperlessKyc>";
  const std::string digest = base64_encode(sha256(as_bytes(open + data + close)));
  const auto info = [&](std::string_view name_space) {
    return fmt::format(
        R"(<SignedInfo{}><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"></CanonicalizationMethod><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>{}</DigestValue></Reference></SignedInfo>)",
        name_space, digest);
  };
  const std::string value = base64_encode(sign(s, as_bytes(info(R"( xmlns="http://www.w3.org/2000/09/xmldsig#")"))));
  return open + data + R"(<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">)" + info("") + "<SignatureValue>" + value +
         "</SignatureValue></Signature>" + close;
}

Bytes zip_encrypted(std::string_view name, BytesView content, std::string_view password) {
  z_stream z{};
  require(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
  Bytes packed(deflateBound(&z, content.size()) + 16);
  z.next_in = const_cast<Bytef*>(content.data());
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = packed.data();
  z.avail_out = static_cast<uInt>(packed.size());
  require(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
  packed.resize(z.total_out);
  deflateEnd(&z);
  const auto crc = static_cast<std::uint32_t>(crc32(0, content.data(), static_cast<uInt>(content.size())));
  if (!password.empty()) {
    std::array<std::uint32_t, 3> k{0x12345678U, 0x23456789U, 0x34567890U};
    const auto step = [](std::uint32_t c, std::uint8_t b) {
      return static_cast<std::uint32_t>(get_crc_table()[(c ^ b) & 255U]) ^ (c >> 8);
    };
    const auto stir = [&](std::uint8_t b) {
      k[0] = step(k[0], b);
      k[1] = (k[1] + (k[0] & 255U)) * 134775813U + 1;
      k[2] = step(k[2], static_cast<std::uint8_t>(k[1] >> 24));
    };
    for (const char c : password) stir(static_cast<std::uint8_t>(c));
    Bytes plain(11, 0x5A);
    plain.push_back(static_cast<std::uint8_t>(crc >> 24));
    append(plain, packed);
    for (auto& b : plain) {
      const std::uint32_t t = (k[2] | 2U) & 0xFFFFU;
      const auto key = static_cast<std::uint8_t>((t * (t ^ 1U)) >> 8);
      stir(b);
      b = static_cast<std::uint8_t>(b ^ key);
    }
    packed = plain;
  }
  Bytes head;  // what the local and the central record share
  put_le(head, 20, 2);
  put_le(head, password.empty() ? 0 : 1, 2);
  put_le(head, 8, 2);
  put_le(head, 0, 4);
  put_le(head, crc, 4);
  put_le(head, static_cast<std::uint32_t>(packed.size()), 4);
  put_le(head, static_cast<std::uint32_t>(content.size()), 4);
  put_le(head, static_cast<std::uint32_t>(name.size()), 2);
  put_le(head, 0, 2);
  Bytes out;
  put_le(out, 0x04034B50U, 4);
  append(out, head);
  append(out, as_bytes(name));
  append(out, packed);
  const auto central = static_cast<std::uint32_t>(out.size());
  put_le(out, 0x02014B50U, 4);
  put_le(out, 20, 2);
  append(out, head);
  put_le(out, 0, 2);
  put_le(out, 0, 4);
  put_le(out, 0, 4);
  put_le(out, 0, 4);
  append(out, as_bytes(name));
  const auto size = static_cast<std::uint32_t>(out.size()) - central;
  put_le(out, 0x06054B50U, 4);
  put_le(out, 0, 4);
  put_le(out, 1, 2);
  put_le(out, 1, 2);
  put_le(out, size, 4);
  put_le(out, central, 4);
  put_le(out, 0, 2);
  return out;
}

Bytes signed_pdf(const std::vector<std::string>& lines, const Signer& s, Time signed_at) {
  constexpr std::size_t kRoom = 8192;
  std::string stream = "BT /F1 12 Tf 50 700 Td 16 TL\n";
  for (const auto& l : lines) stream += "(" + l + ") Tj T*\n";
  stream += "ET\n";
  std::string out = "%PDF-1.7\n";
  std::vector<std::size_t> offsets;
  const auto object = [&](const std::string& body) {
    offsets.push_back(out.size());
    out += fmt::format("{} 0 obj\n{}\nendobj\n", offsets.size(), body);
  };
  object("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> >>");
  object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
  object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [6 0 R] >>");
  object(fmt::format("<< /Length {} >>\nstream\n{}endstream", stream.size(), stream));
  object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  object("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /V 7 0 R /Rect [0 0 0 0] /P 3 0 R >>");
  const std::string blank(40, ' ');
  offsets.push_back(out.size());
  out += "7 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /ByteRange ";
  const std::size_t range_at = out.size();
  out += blank + " /Contents ";
  const std::size_t hole = out.size();
  out += "<" + std::string(2 * kRoom, '0') + ">";
  const std::size_t after = out.size();
  out += " >>\nendobj\n";
  const std::size_t xref = out.size();
  out += fmt::format("xref\n0 {}\n0000000000 65535 f \n", offsets.size() + 1);
  for (const auto o : offsets) out += fmt::format("{:010} 00000 n \n", o);
  out += fmt::format("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", offsets.size() + 1, xref);
  std::string range = fmt::format("[0 {} {} {}]", hole, after, out.size() - after);
  range.resize(blank.size(), ' ');
  out.replace(range_at, blank.size(), range);

  const std::string covered = out.substr(0, hole) + out.substr(after);
  BIO* data = BIO_new_mem_buf(covered.data(), static_cast<int>(covered.size()));
  constexpr unsigned kFlags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL;
  CMS_ContentInfo* cms = CMS_sign(nullptr, nullptr, nullptr, data, kFlags);
  CMS_SignerInfo* si = CMS_add1_signer(cms, s.certificate.get(), s.key.get(), EVP_sha256(), kFlags);
  require(si != nullptr, "CMS_add1_signer");
  ASN1_TIME* t = ASN1_TIME_set(nullptr, seconds(signed_at));
  CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, t->type, t, -1);
  ASN1_TIME_free(t);
  require(CMS_final(cms, data, nullptr, kFlags) == 1, "CMS_final");
  BIO_free(data);
  const std::string hex = hex_encode(cms_der(cms));
  require(hex.size() <= 2 * kRoom, "room for the signature");
  out.replace(hole + 1, hex.size(), hex);
  return to_bytes(out);
}

Bytes tlv(std::uint32_t tag, BytesView value) {
  Bytes out;
  if (tag > 0xFF) out.push_back(static_cast<std::uint8_t>(tag >> 8));
  out.push_back(static_cast<std::uint8_t>(tag));
  if (value.size() < 0x80) {
    out.push_back(static_cast<std::uint8_t>(value.size()));
  } else {
    out.push_back(0x83);
    for (const int shift : {16, 8, 0}) out.push_back(static_cast<std::uint8_t>(value.size() >> shift));
  }
  append(out, value);
  return out;
}

Bytes dg1(std::string_view mrz) { return tlv(0x61, tlv(0x5F1F, as_bytes(mrz))); }

Bytes dg2(BytesView picture) {
  const auto be = [](Bytes& out, std::size_t v, int n) {
    for (int i = n; i-- > 0;) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  };
  const std::size_t facial = 20 + 12 + picture.size();
  Bytes record = {'F', 'A', 'C', 0, '0', '1', '0', 0};
  be(record, 14 + facial, 4);
  be(record, 1, 2);
  be(record, facial, 4);
  be(record, 0, 2);                      // no feature points
  record.resize(record.size() + 14, 0);  // gender … pose
  be(record, 1, 1);
  be(record, 0, 1);
  be(record, 60, 2);
  be(record, 72, 2);
  record.resize(record.size() + 6, 0);
  append(record, picture);
  Bytes group = tlv(0x02, Bytes{1});
  Bytes one = tlv(0xA1, Bytes{});
  append(one, tlv(0x5F2E, record));
  append(group, tlv(0x7F60, one));
  return tlv(0x75, tlv(0x7F61, group));
}

Bytes sod(const std::vector<Hashed>& groups, const Signer& document_signer, bool pss) {
  Bytes hashes;
  for (const auto& g : groups) {
    Bytes pair = tlv(0x02, Bytes{static_cast<std::uint8_t>(g.group)});
    append(pair, tlv(0x04, sha256(g.file)));
    append(hashes, tlv(0x30, pair));
  }
  const Bytes sha256_oid{0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
  Bytes object = tlv(0x02, Bytes{0});
  append(object, tlv(0x30, sha256_oid));
  append(object, tlv(0x30, hashes));
  const Bytes content = tlv(0x30, object);
  BIO* data = BIO_new_mem_buf(content.data(), static_cast<int>(content.size()));
  constexpr unsigned kFlags = CMS_BINARY | CMS_PARTIAL;
  CMS_ContentInfo* cms = CMS_sign(nullptr, nullptr, nullptr, data, kFlags);
  ASN1_OBJECT* type = OBJ_txt2obj("2.23.136.1.1.1", 1);
  CMS_set1_eContentType(cms, type);
  ASN1_OBJECT_free(type);
  CMS_SignerInfo* si = CMS_add1_signer(cms, document_signer.certificate.get(), document_signer.key.get(), EVP_sha256(),
                                       kFlags | (pss ? static_cast<unsigned>(CMS_KEY_PARAM) : 0U));
  require(si != nullptr, "CMS_add1_signer");
  if (pss) {
    EVP_PKEY_CTX* ctx = CMS_SignerInfo_get0_pkey_ctx(si);
    require(ctx != nullptr && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0, "PSS");
  }
  require(CMS_final(cms, data, nullptr, kFlags) == 1, "CMS_final");
  BIO_free(data);
  return tlv(0x77, cms_der(cms));
}

}  // namespace authx::document::testing
