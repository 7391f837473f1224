#include "services/signing/signing_keys.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/jose_parts.h"
#include "telemetry/log.h"

namespace authx::signing {
namespace {

using crypto::JwsAlgorithm;

constexpr db::Query kInsert{"signing_keys.insert",
                            "INSERT INTO signing_keys (id, kid, algorithm, wrapped_key, private_key, created_at, active_at) "
                            "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr db::Query kAll{"signing_keys.all",
                         "SELECT id, algorithm, wrapped_key, private_key, created_at, active_at FROM signing_keys ORDER BY active_at, id"};
constexpr db::Query kNewest{"signing_keys.newest",
                            "SELECT active_at FROM signing_keys WHERE algorithm = $1 ORDER BY active_at DESC LIMIT 1"};
constexpr db::Query kNames{"signing_keys.names", "SELECT kid FROM signing_keys ORDER BY active_at, id"};
constexpr db::Query kDelete{"signing_keys.delete", "DELETE FROM signing_keys WHERE kid = $1"};

std::string context_of(const Uuid& id) { return "signing-key:" + id.str(); }
db::Value name_of(JwsAlgorithm algorithm) { return db::Value{crypto::to_string(algorithm)}; }

bool header_is(const json::object& header, std::string_view algorithm, std::string_view typ) {
  if (header.size() != 3) return false;
  const auto equals = [&](const char* name, std::string_view wanted) {
    const auto* value = header.if_contains(name);
    return value != nullptr && value->is_string() && value->as_string() == wanted;
  };
  return equals("alg", algorithm) && equals("typ", typ);
}

}  // namespace

Result<> SigningKeys::make(db::Tx& tx, const crypto::PrivateKey& key, Time active_at) {
  const auto now = clock_.now();
  const auto id = Uuid::generate(now);
  const auto data_key = keyring_.new_key();
  const auto der = key.der();
  AX_CHECK(tx.exec(kInsert, id, key.public_key().thumbprint(), name_of(key.public_key().algorithm()),
                   keyring_.wrap(data_key, context_of(id)),
                   crypto::seal_field(data_key, as_text(der.expose()), {"signing_keys", "private_key", id}), now, active_at));
  return {};
}

bool SigningKeys::has(JwsAlgorithm algorithm) const {
  const auto known = set();
  return std::ranges::any_of(*known, [&](const auto& k) { return k->key.public_key().algorithm() == algorithm; });
}

bool SigningKeys::is_spread(JwsAlgorithm algorithm) const {
  const auto known = set();
  const auto now = clock_.now();
  return std::ranges::any_of(*known, [&](const auto& k) { return k->key.public_key().algorithm() == algorithm && k->active_at <= now; });
}

Result<> SigningKeys::start() {
  AX_CHECK(load());
  ticker_.start(std::chrono::seconds{1}, [this] {
    if (auto done = read_if_changed(); !done) log::warning("signing_keys_not_read", {{"detail", done.error().detail}});
  });
  return {};
}

Result<> SigningKeys::read_if_changed() {
  AX_TRY(const auto rows, database_.read([](db::Tx& tx) { return tx.exec(kNames); }));
  const auto known = set();
  const bool same =
      std::ranges::equal(rows, *known, [](const db::Row& row, const auto& k) { return row.text(0) == k->key.public_key().thumbprint(); });
  return same ? Result<>{} : load();
}

Result<> SigningKeys::ensure(JwsAlgorithm algorithm) {
  if (has(algorithm)) return {};
  AX_CHECK(load());
  if (has(algorithm)) return {};
  AX_TRY(const auto key, crypto::PrivateKey::generate(algorithm));
  auto store = [&](db::Tx& tx) -> Result<> {
    AX_TRY(const auto rows, tx.exec(kNewest, name_of(algorithm)));
    return rows.empty() ? make(tx, key, clock_.now() + policy_.spread) : Result<>{};
  };
  AX_CHECK(database_.write(store));
  return load();
}

Result<> SigningKeys::load() {
  auto read = [&](db::Tx& tx) -> Result<Set> {
    AX_TRY(const auto rows, tx.exec(kAll));
    Set out;
    for (const auto& row : rows) {
      const auto id = row.uuid(0);
      const auto algorithm = crypto::parse_jws_algorithm(row.text(1));
      if (!algorithm) return Error{Errc::internal, "signing key of an unknown algorithm"};
      AX_TRY(const auto data_key, keyring_.unwrap(row.bytes(2), context_of(id)));
      AX_TRY(auto der, crypto::open_field(data_key, row.bytes(3), {"signing_keys", "private_key", id}));
      const SecretText opened{std::move(der)};
      AX_TRY(auto key, crypto::PrivateKey::from_der(SecretBytes{to_bytes(opened.expose())}, *algorithm));
      out.push_back(std::make_shared<const Kept>(Kept{std::move(key), row.time(4), row.time(5)}));
    }
    return out;
  };
  AX_TRY(auto read_set, database_.read(read));
  auto shared = std::make_shared<const Set>(std::move(read_set));
  const std::scoped_lock lock{mutex_};
  set_ = std::move(shared);
  return {};
}

std::shared_ptr<const SigningKeys::Set> SigningKeys::set() const {
  const std::scoped_lock lock{mutex_};
  return set_;
}

const SigningKeys::Kept* SigningKeys::signer(const Set& set, JwsAlgorithm algorithm, Time now) {
  const Kept* found = nullptr;
  for (const auto& k : set)
    if (k->key.public_key().algorithm() == algorithm && (k->active_at <= now || found == nullptr)) found = k.get();
  return found;
}

Result<> SigningKeys::tend() {
  AX_CHECK(load());
  const auto known = set();
  const auto now = clock_.now();
  for (const auto algorithm : {JwsAlgorithm::EdDSA, JwsAlgorithm::ES256, JwsAlgorithm::RS256}) {
    std::vector<const Kept*> of;
    for (const auto& k : *known)
      if (k->key.public_key().algorithm() == algorithm) of.push_back(k.get());
    if (of.empty()) continue;
    const auto due = of.back()->active_at + policy_.every;
    if (due - policy_.ahead <= now) {
      AX_TRY(const auto key, crypto::PrivateKey::generate(algorithm));
      auto store = [&](db::Tx& tx) -> Result<> {
        AX_TRY(const auto rows, tx.exec(kNewest, name_of(algorithm)));
        if (!rows.empty() && rows[0].time(0) > of.back()->active_at) return {};  // another process was first
        return make(tx, key, std::max(due, now + policy_.ahead));
      };
      AX_CHECK(database_.write(store));
    }
    for (std::size_t i = 0; i + 1 < of.size(); ++i) {
      if (of[i + 1]->active_at + policy_.kept > now) continue;
      auto forget = [&](db::Tx& tx) -> Result<> {
        AX_CHECK(tx.exec(kDelete, of[i]->key.public_key().thumbprint()));
        return {};
      };
      AX_CHECK(database_.write(forget));
    }
  }
  return load();
}

Result<int> SigningKeys::rotate(bool at_once) {
  AX_CHECK(load());
  const auto now = clock_.now();
  int made = 0;
  for (const auto algorithm : {JwsAlgorithm::EdDSA, JwsAlgorithm::ES256, JwsAlgorithm::RS256}) {
    if (!has(algorithm)) continue;
    AX_TRY(const auto key, crypto::PrivateKey::generate(algorithm));
    auto store = [&](db::Tx& tx) { return make(tx, key, now + (at_once ? policy_.spread : policy_.ahead)); };
    AX_CHECK(database_.write(store));
    ++made;
  }
  AX_CHECK(load());
  return made;
}

Result<std::string> SigningKeys::sign(const json::object& claims, std::string_view typ, JwsAlgorithm algorithm) const {
  const auto known = set();
  const auto* kept = signer(*known, algorithm, clock_.now());
  if (kept == nullptr) return Error{Errc::unavailable, "no signing key"};
  return kept->key.sign_token(claims, typ);
}

Result<json::object> SigningKeys::checked(std::string_view token, std::string_view typ) const {
  const Error refused{Errc::unauthenticated, "signed token"};
  const auto parts = crypto::jose::split(token);
  if (!parts) return refused;
  const auto header = crypto::jose::parse_part(parts->header);
  const auto signature = base64url_decode(parts->signature);
  if (!header || !signature) return refused;
  const auto* kid = header->if_contains("kid");
  if (kid == nullptr || !kid->is_string()) return refused;
  const auto known = set();
  for (const auto& k : *known) {
    const auto& key = k->key.public_key();
    if (kid->as_string() != key.thumbprint()) continue;
    if (!header_is(*header, crypto::to_string(key.algorithm()), typ) || !key.verify(as_bytes(parts->signing_input), *signature))
      return refused;
    auto claims = crypto::jose::parse_part(parts->payload);
    if (!claims) return refused;
    return std::move(*claims);
  }
  return refused;
}

Result<json::object> SigningKeys::verify(std::string_view token, std::string_view typ, Time now) const {
  AX_TRY(auto claims, checked(token, typ));
  AX_CHECK(crypto::jose::check_times(claims, now, std::chrono::seconds{0}));
  return claims;
}

Result<json::object> SigningKeys::verify_hint(std::string_view token) const { return checked(token, "JWT"); }

json::object SigningKeys::jwks() const {
  json::array keys;
  const auto known = set();
  for (const auto& k : *known) {
    json::object jwk = k->key.public_key().jwk();
    const auto algorithm = crypto::to_string(k->key.public_key().algorithm());
    jwk["kid"] = k->key.public_key().thumbprint();
    jwk["use"] = "sig";
    jwk["alg"] = json::string_view{algorithm.data(), algorithm.size()};
    keys.push_back(std::move(jwk));
  }
  return {{"keys", std::move(keys)}};
}

std::vector<SigningKeys::Info> SigningKeys::list() const {
  std::vector<Info> out;
  const auto known = set();
  const auto now = clock_.now();
  for (const auto& k : *known) {
    const auto algorithm = k->key.public_key().algorithm();
    out.push_back({k->key.public_key().thumbprint(), algorithm, k->created_at, k->active_at, signer(*known, algorithm, now) == k.get()});
  }
  return out;
}

}  // namespace authx::signing
