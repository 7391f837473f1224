#include "services/faces/template_vault.h"

#include "base/json.h"

namespace authx::faces {
namespace {

constexpr db::Query kCurrent{"face_keys.current", "SELECT MAX(version) FROM face_template_keys WHERE tenant_id = $1"};
constexpr db::Query kFind{"face_keys.find", "SELECT wrapped_key FROM face_template_keys WHERE tenant_id = $1 AND version = $2"};
constexpr db::Query kInsert{
    "face_keys.insert",
    "INSERT INTO face_template_keys (tenant_id, version, wrapped_key, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, version) "
    "DO NOTHING RETURNING version"};
constexpr db::Query kRetire{
    "face_keys.retire",
    "UPDATE face_template_keys SET wrapped_key = NULL WHERE tenant_id = $1 AND wrapped_key IS NOT NULL AND version < $2 AND NOT EXISTS "
    "(SELECT 1 FROM biometrics b WHERE b.tenant_id = $1 AND b.template_key = face_template_keys.version AND b.template_data IS NOT NULL) "
    "AND NOT EXISTS (SELECT 1 FROM face_entries e WHERE e.tenant_id = $1 AND e.key_version = face_template_keys.version) "
    "AND NOT EXISTS (SELECT 1 FROM document_portraits p JOIN documents d ON d.id = p.document_id WHERE d.tenant_id = $1 AND p.key_version "
    "= "
    "face_template_keys.version) "
    "RETURNING version"};

std::string context(const Uuid& tenant, std::int64_t version) {
  return tenant == kDefaultTenant ? fmt::format("face-template:{}", version) : fmt::format("face-template:{}:{}", tenant.str(), version);
}

}  // namespace

std::string to_text(const ProtectedTemplate& one) {
  return json::serialize(json::object{{"model_id", one.model_id}, {"key", one.key}, {"values", json::value_from(one.values)}});
}

Result<ProtectedTemplate> template_from_text(std::string_view text) {
  AX_TRY(const auto v, parse_json(text));
  const auto* values = find(v, "values");
  const auto model = get_text(v, "model_id");
  if (values == nullptr || !values->is_array() || !model) return Error{Errc::internal, "stored template is malformed"};
  ProtectedTemplate out;
  out.model_id = *model;
  out.key = static_cast<std::int64_t>(get_number(v, "key").value_or(0));
  for (const auto& value : values->as_array()) {
    if (!value.is_number()) return Error{Errc::internal, "stored template is malformed"};
    out.values.push_back(static_cast<float>(value.to_number<double>()));
  }
  return out;
}

Result<std::int64_t> TemplateVault::current(db::Tx& tx) const {
  AX_TRY(const auto rows, tx.exec(kCurrent, tx.scope().home()));
  return rows.at(0).opt_integer(0).value_or(0);
}

Result<std::int64_t> TemplateVault::renew(db::Tx& tx, Time now) const {
  AX_TRY(const auto last, current(tx));
  const auto version = last + 1;
  const auto& tenant = tx.scope().home();
  AX_TRY(const auto made, tx.exec(kInsert, tenant, version, keyring_.wrap(keyring_.new_key(), context(tenant, version)), now));
  if (made.empty()) return Error{Errc::conflict, "a face template key was made at the same time"};
  return version;
}

Result<> TemplateVault::ensure(db::Tx& tx, Time now) const {
  AX_TRY(const auto last, current(tx));
  if (last > 0) return {};
  const auto& tenant = tx.scope().home();
  AX_CHECK(tx.exec(kInsert, tenant, std::int64_t{1}, keyring_.wrap(keyring_.new_key(), context(tenant, 1)), now));
  return {};
}

Result<std::int64_t> TemplateVault::retire(db::Tx& tx) {
  AX_TRY(const auto last, current(tx));
  AX_TRY(const auto rows, tx.exec(kRetire, tx.scope().home(), last));
  tx.on_commit([this, last, tenant = tx.scope().home()] {
    const std::lock_guard lock{mutex_};
    std::erase_if(known_, [&](const auto& entry) { return entry.first.tenant == tenant && entry.first.version < last; });
  });
  return static_cast<std::int64_t>(rows.size());
}

Result<std::shared_ptr<const face::TemplateProtection>> TemplateVault::protection(db::Tx& tx, std::int64_t version, std::size_t dimension) {
  const Name name{tx.scope().home(), version, dimension};
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = known_.find(name); found != known_.end()) return found->second;
  }
  AX_TRY(const auto rows, tx.exec(kFind, name.tenant, version));
  if (rows.empty() || rows[0].is_null(0)) return Error{Errc::not_found, fmt::format("face template key {}", version)};
  if (dimension == 0 || dimension > 4096) return Error{Errc::internal, "face template of an impossible size"};
  AX_TRY(const auto key, keyring_.unwrap(rows[0].bytes(0), context(name.tenant, version)));
  auto made = std::make_shared<const face::TemplateProtection>(key.expose(), dimension);
  const std::lock_guard lock{mutex_};
  return known_.emplace(name, std::move(made)).first->second;
}

Result<ProtectedTemplate> TemplateVault::protect(db::Tx& tx, const face::Embedding& plain, Time now) {
  AX_TRY(auto version, current(tx));
  if (version == 0) {
    AX_CHECK(ensure(tx, now));
    version = 1;
  }
  return protect(tx, plain, version);
}

Result<ProtectedTemplate> TemplateVault::protect(db::Tx& tx, const face::Embedding& plain, std::int64_t version) {
  AX_TRY(const auto map, protection(tx, version, plain.values.size()));
  return ProtectedTemplate{plain.model_id, version, map->protect(plain.values)};
}

Result<face::Embedding> TemplateVault::recover(db::Tx& tx, const ProtectedTemplate& one) {
  if (one.key == 0) return face::Embedding{one.model_id, one.values};
  AX_TRY(const auto map, protection(tx, one.key, one.values.size()));
  return face::Embedding{one.model_id, map->recover(one.values)};
}

}  // namespace authx::faces
