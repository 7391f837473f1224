#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "async/ticker.h"
#include "crypto/jws.h"
#include "crypto/keyring.h"
#include "db/db.h"

namespace authx::signing {

struct RotationPolicy {
  std::chrono::seconds every{std::chrono::days{30}};
  std::chrono::seconds ahead{std::chrono::days{1}};  ///< published so long before it signs, so that every verifier has it
  std::chrono::seconds kept{std::chrono::days{2}};   ///< published so long after it signed last: longer than any token lives
  std::chrono::seconds spread{3};                    ///< in which every process has read a key that was just made
};

/// The server's signing keys, of OAuth's tokens and of its own access tokens: sealed in the database and shared by all processes, which
/// read new ones within a second. Of each algorithm in use one key signs; its successor is published before, and its predecessor after, so
/// that a rotation logs nobody out. Thread-safe.
class SigningKeys {
 public:
  SigningKeys(db::Database& database, const Clock& clock, const crypto::Keyring& keyring, RotationPolicy policy = {})
      : database_(database), clock_(clock), keyring_(keyring), policy_(policy) {}

  /// Reads what is there, then goes on reading on a thread of its own.
  Result<> start();
  /// Whether this process knows a key of the algorithm.
  bool has(crypto::JwsAlgorithm algorithm) const;
  /// Whether one of them was made so long ago that every process knows it.
  bool is_spread(crypto::JwsAlgorithm algorithm) const;
  /// Makes a key of the algorithm when there is none. Blocks (RSA takes some hundred milliseconds).
  Result<> ensure(crypto::JwsAlgorithm algorithm);
  /// Makes successors that are due, forgets keys that are past, and reads what other processes made. Call every minute.
  Result<> tend();
  /// Makes a successor now, for every algorithm in use; it signs from `RotationPolicy::ahead` on, or as soon as every process knows it
  /// when `now` is set (a key that leaked: verifiers with old copies of the key set refuse until they fetch it anew).
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
  Result<> read_if_changed();
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
  Ticker ticker_;
};

}  // namespace authx::signing
