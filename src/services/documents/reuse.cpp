#include "services/documents/reuse.h"

#include "base/encoding.h"

namespace authx::documents {
namespace {

constexpr db::Query kForget{"documents.forget_prints", "DELETE FROM document_prints WHERE document_id = $1"};
constexpr db::Query kKeep{"documents.keep_print",
                          "INSERT INTO document_prints (document_id, user_id, page, band, bucket, print) VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr db::Query kMine{"documents.prints", "SELECT page, band, bucket, print FROM document_prints WHERE document_id = $1"};
constexpr db::Query kOthers{"documents.prints_of_others",
                            "SELECT document_id, print FROM document_prints WHERE bucket = $1 AND user_id <> $2 AND tenant_id = $3 "
                            "LIMIT 2000"};
constexpr db::Query kSameNumber{"documents.number_of_others",
                                "SELECT 1 FROM documents d JOIN documents o ON o.document_number_index = d.document_number_index "
                                "AND o.user_id <> d.user_id AND o.tenant_id = d.tenant_id WHERE d.id = $1 LIMIT 1"};

constexpr std::size_t kBands = 5;

/// Band `i`: the coarse bytes 6i to 6i+5, the last band the rest.
std::string band(const PicturePrint& print, std::size_t i) {
  const auto from = 6 * i;
  const auto to = i == kBands - 1 ? print.coarse.size() : from + 6;
  return hex_encode(BytesView{print.coarse}.subspan(from, to - from));
}

std::string text_of(const PicturePrint& print) {
  std::string out{as_text(print.coarse)};
  out += as_text(print.fine);
  return out;
}

crypto::Key print_key(const crypto::Keyring& keyring) { return keyring.derive("documents.print"); }

Result<PicturePrint> open_print(const crypto::Key& key, const Uuid& document, const Bytes& sealed) {
  AX_TRY(const auto text, crypto::open_field(key, sealed, {"document_prints", "print", document}));
  PicturePrint out;
  if (text.size() != out.coarse.size() + out.fine.size()) return Error{Errc::internal, "stored print is malformed"};
  std::copy_n(text.begin(), out.coarse.size(), out.coarse.begin());
  std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(out.coarse.size()), out.fine.size(), out.fine.begin());
  return out;
}

}  // namespace

Result<> keep_prints(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& document, const Uuid& user,
                     const std::vector<PicturePrint>& prints) {
  AX_CHECK(tx.exec(kForget, document));
  const auto key = print_key(keyring);
  int page = 0;
  for (const auto& print : prints) {
    ++page;
    for (std::size_t i = 0; i < kBands; ++i) {
      const auto bucket = keyring.blind_index("documents.print", tx.scope().home(), fmt::format("{}:{}", i, band(print, i)));
      AX_CHECK(tx.exec(kKeep, document, user, page, static_cast<std::int64_t>(i), bucket,
                       crypto::seal_field(key, text_of(print), {"document_prints", "print", document})));
    }
  }
  return {};
}

Result<Reuse> find_reuse(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& document, const Uuid& user) {
  Reuse out;
  AX_TRY(const auto same, tx.exec(kSameNumber, document));
  out.number = !same.empty();
  const auto key = print_key(keyring);
  AX_TRY(const auto mine, tx.exec(kMine, document));
  for (const auto& row : mine) {
    if (out.image) break;
    AX_TRY(const auto print, open_print(key, document, row.bytes(3)));
    AX_TRY(const auto others, tx.exec(kOthers, row.bytes(2), user, tx.scope().home()));
    for (const auto& other : others) {
      AX_TRY(const auto theirs, open_print(key, other.uuid(0), other.bytes(1)));
      if (same_picture(print, theirs)) {
        out.image = true;
        break;
      }
    }
  }
  return out;
}

Bytes number_index(const db::Tx& tx, const crypto::Keyring& keyring, document::Type type, std::string_view number) {
  return keyring.blind_index("documents.number", tx.scope().home(), std::string{document::to_string(type)} + ":" + std::string{number});
}

std::vector<document::Finding> reuse_findings(const Reuse& reuse) {
  std::vector<document::Finding> out;
  const auto add = [&](const char* id, bool found, const char* yes, const char* no, const char* limits) {
    document::Finding f;
    f.id = id;
    f.outcome = found ? document::Outcome::failed : document::Outcome::passed;
    f.explanation = found ? yes : no;
    f.kind = document::CheckKind::consistency;
    f.weight = document::Weight::review;
    f.limits = limits;
    out.push_back(std::move(f));
  };
  add("image_reused", reuse.image, "The same picture was given by another account", "No other account gave the same picture",
      "A new photo of the same document, or a picture cropped anew, is not the same picture");
  add("number_used_by_another_account", reuse.number, "Another account gave a document with the same number",
      "No other account gave a document with this number", "Only documents that are kept here are compared");
  return out;
}

}  // namespace authx::documents
