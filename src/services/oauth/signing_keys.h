#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "crypto/jws.h"
#include "crypto/keyring.h"
#include "db/db.h"

namespace authx::oauth {

struct RotationPolicy {
  std::chrono::seconds every{std::chrono::days{30}};
  std::chrono::seconds ahead{std::chrono::days{1}};  ///< published so long before it signs, so that every verifier has it
  std::chrono::seconds kept{std::chrono::days{2}};   ///< published so long after it signed last: longer than any token lives
};

/// The server's signing keys, sealed in the database and shared by all processes. Of each algorithm in use one key signs; its
/// successor is published before, and its predecessor after, so that a rotation logs nobody out. Thread-safe.
class SigningKeys {
 public:
  SigningKeys(db::Database& database, const Clock& clock, const crypto::Keyring& keyring, RotationPolicy policy = {})
      : database_(database), clock_(clock), keyring_(keyring), policy_(policy) {}

  /// Whether this process knows a key of the algorithm.
  bool has(crypto::JwsAlgorithm algorithm) const;
  /// Makes a key of the algorithm when there is none. Blocks (RSA takes some hundred milliseconds).
  Result<> ensure(crypto::JwsAlgorithm algorithm);
  /// Makes successors that are due, forgets keys that are past, and reads what other processes made. Call every minute.
  Result<> tend();
  /// Makes a successor now, for every algorithm in use; it signs from `RotationPolicy::ahead` on, or at once when `now` is set
  /// (a key that leaked: verifiers with old copies of the key set refuse until they fetch it anew).
  Result<int> rotate(bool now);

  /// Signs with the algorithm's key. `Errc::unavailable` when there is none yet.
  Result<std::string> sign(const json::object& claims, std::string_view typ, crypto::JwsAlgorithm algorithm) const;
  /// Verifies a token that this server signed: kid known, algorithm the key's own, header exactly {alg, kid, typ} with this typ,
  /// times. Error: `Errc::unauthenticated`.
  Result<json::object> verify(std::string_view token, std::string_view typ, Time now) const;
  /// The same without looking at `exp`: for `id_token_hint`.
  Result<json::object> verify_hint(std::string_view token) const;
  /// The JWK set (RFC 7517): public members, `kid`, `use`, `alg`.
  json::object jwks() const;

  struct Info {
    std::string kid;
    crypto::JwsAlgorithm algorithm;
    Time created_at, active_at;
    bool signs;
  };
  std::vector<Info> list() const;

 private:
  struct Kept {
    crypto::PrivateKey key;
    Time created_at, active_at;
  };
  using Set = std::vector<std::shared_ptr<const Kept>>;  ///< oldest first

  Result<> load();
  Result<> make(db::Tx& tx, const crypto::PrivateKey& key, Time active_at);
  std::shared_ptr<const Set> set() const;
  static const Kept* signer(const Set& set, crypto::JwsAlgorithm algorithm, Time now);
  Result<json::object> checked(std::string_view token, std::string_view typ) const;

  db::Database& database_;
  const Clock& clock_;
  const crypto::Keyring& keyring_;
  RotationPolicy policy_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Set> set_ = std::make_shared<const Set>();
};

}  // namespace authx::oauth
