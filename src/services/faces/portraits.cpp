#include "services/faces/portraits.h"

#include "services/users/person_box.h"

namespace authx::faces {
namespace {

constexpr std::string_view kTable = "document_portraits";

constexpr db::Query kPut{"portraits.put",
                         "INSERT INTO document_portraits (document_id, user_id, model_id, "
                         "key_version, template, from_pictures) VALUES ($1, $2, $3, $4, $5, $6) "
                         "ON CONFLICT (document_id) DO UPDATE SET model_id = excluded.model_id, "
                         "key_version = excluded.key_version, template = "
                         "excluded.template, from_pictures = excluded.from_pictures"};
constexpr db::Query kRemove{"portraits.remove", "DELETE FROM document_portraits WHERE document_id = $1"};
constexpr db::Query kFind{"portraits.find",
                          "SELECT template FROM document_portraits WHERE "
                          "document_id = $1 AND user_id = $2"};
constexpr db::Query kStale{
    "portraits.stale",
    "SELECT p.document_id, p.user_id, p.template, p.from_pictures FROM document_portraits p JOIN documents d ON d.id = p.document_id WHERE "
    "((p.model_id <> $1 AND p.from_pictures) OR p.key_version <> $2) AND d.tenant_id = $4 ORDER BY p.document_id LIMIT $3"};

}  // namespace

Result<> Portraits::keep(db::Tx& tx, const Uuid& document, const Uuid& user, const std::optional<face::Embedding>& portrait,
                         bool from_pictures, Time now) {
  if (!portrait) {
    AX_CHECK(tx.exec(kRemove, document));
    return {};
  }
  AX_TRY(const auto one, vault_.protect(tx, *portrait, now));
  AX_TRY(auto key, users::person_key(tx, keyring_, user));
  const users::PersonBox box{std::move(key), kTable, document};
  AX_CHECK(tx.exec(kPut, document, user, one.model_id, one.key, box.seal("template", to_text(one)), from_pictures));
  return {};
}

Result<std::optional<face::Embedding>> Portraits::find(db::Tx& tx, const Uuid& document, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kFind, document, user));
  if (rows.empty()) return std::optional<face::Embedding>{};
  AX_TRY(auto key, users::person_key(tx, keyring_, user));
  const users::PersonBox box{std::move(key), kTable, document};
  AX_TRY(const auto text, box.open("template", rows[0].bytes(0)));
  AX_TRY(const auto one, template_from_text(text));
  AX_TRY(auto plain, vault_.recover(tx, one));
  return std::optional{std::move(plain)};
}

Result<std::vector<Portraits::Stale>> Portraits::stale(db::Tx& tx, std::string_view model, std::int64_t key, std::int64_t count) const {
  AX_TRY(const auto rows, tx.exec(kStale, model, key, count, tx.scope().home()));
  std::vector<Stale> out;
  for (const auto& row : rows) {
    AX_TRY(auto person, users::person_key(tx, keyring_, row.uuid(1)));
    const users::PersonBox box{std::move(person), kTable, row.uuid(0)};
    AX_TRY(const auto text, box.open("template", row.bytes(2)));
    AX_TRY(auto old, template_from_text(text));
    out.push_back({row.uuid(0), row.uuid(1), std::move(old), row.boolean(3)});
  }
  return out;
}

}  // namespace authx::faces
