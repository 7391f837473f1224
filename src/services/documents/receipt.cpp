#include "services/documents/receipt.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace authx::documents {
namespace {

constexpr std::string_view kFormat = "authx.deletion.v1";

/// One text for one value: names sorted, no white space.
json::value sorted(const json::value& v) {
  if (const auto* object = v.if_object()) {
    std::vector<std::string> names;
    for (const auto& [name, member] : *object) names.emplace_back(name);
    std::ranges::sort(names);
    json::object out;
    for (const auto& name : names) out[name] = sorted(object->at(name));
    return out;
  }
  if (const auto* array = v.if_array()) {
    json::array out;
    for (const auto& item : *array) out.push_back(sorted(item));
    return out;
  }
  return v;
}

json::object what(const Deletion& d) {
  json::array objects;
  for (const auto& o : d.objects) objects.push_back({{"side", o.side}, {"page", o.page}, {"sha256", o.sha256}, {"removed", o.removed}});
  json::object rows;
  for (const auto& [table, count] : d.rows) rows[table] = count;
  return {
      {"images", std::move(objects)}, {"rows", std::move(rows)}, {"upload_sha256", d.image_sha256}, {"reading_sha256", d.reading_sha256}};
}

Error wrong(std::string_view why) { return Error::invalid("receipt", std::string{why}); }

}  // namespace

Result<crypto::Ed25519> receipt_key(const crypto::Keyring& keyring) {
  return crypto::Ed25519::from_seed(keyring.derive("documents.receipt"));
}

std::string deletion_details(const Deletion& d) {
  // Whether an object's file went at once is not known yet when the entry is written.
  auto stored = d;
  for (auto& o : stored.objects) o.removed = true;
  const auto digest = crypto::sha256(as_bytes(json::serialize(sorted(what(stored)))));
  return json::serialize(json::object{{"document_id", d.document_id.str()}, {"sha256", hex_encode(digest)}});
}

json::object sign_receipt(const Deletion& d, const crypto::Ed25519& key) {
  json::object out{{"format", json::string_view{kFormat.data(), kFormat.size()}},
                   {"document_id", d.document_id.str()},
                   {"deleted_at", format_time(d.deleted_at)},
                   {"what", what(d)},
                   {"audit", {{"seq", d.audit.seq}, {"link", d.audit.link}}},
                   {"algorithm", "Ed25519"},
                   {"public_key", hex_encode(key.public_key())}};
  out["signature"] = hex_encode(key.sign(as_bytes(json::serialize(sorted(out)))));
  return out;
}

Result<Deletion> verify_receipt(const json::value& receipt, const crypto::Ed25519& key) {
  const auto* object = receipt.if_object();
  if (object == nullptr || get_text(receipt, "format") != std::string{kFormat}) return wrong("is not a deletion receipt");
  const auto signature = hex_decode(get_text(receipt, "signature").value_or(""));
  if (get_text(receipt, "public_key") != hex_encode(key.public_key())) return wrong("was signed by another installation");
  auto unsigned_form = *object;
  unsigned_form.erase("signature");
  if (!signature || !crypto::Ed25519::verify(key.public_key(), as_bytes(json::serialize(sorted(unsigned_form))), *signature))
    return wrong("its signature does not hold: it was altered");
  Deletion d;
  const auto id = Uuid::parse(get_text(receipt, "document_id").value_or(""));
  const auto at = parse_time(get_text(receipt, "deleted_at").value_or(""));
  const auto* audit = find(receipt, "audit");
  const auto* destroyed = find(receipt, "what");
  if (!id || !at || audit == nullptr || destroyed == nullptr) return wrong("lacks members");
  d.document_id = *id;
  d.deleted_at = *at;
  d.audit.seq = static_cast<std::uint64_t>(get_number(*audit, "seq").value_or(0));
  d.audit.link = get_text(*audit, "link").value_or("");
  d.image_sha256 = get_text(*destroyed, "upload_sha256").value_or("");
  d.reading_sha256 = get_text(*destroyed, "reading_sha256").value_or("");
  if (const auto* images = find(*destroyed, "images"); images != nullptr && images->is_array())
    for (const auto& o : images->as_array())
      d.objects.push_back({get_text(o, "side").value_or(""), static_cast<std::int64_t>(get_number(o, "page").value_or(0)),
                           get_text(o, "sha256").value_or(""), get_bool(o, "removed").value_or(false)});
  if (const auto* rows = find(*destroyed, "rows"); rows != nullptr && rows->is_object())
    for (const auto& [table, count] : rows->as_object())
      d.rows.emplace_back(table, count.is_number() ? count.to_number<std::int64_t>() : 0);
  return d;
}

}  // namespace authx::documents
