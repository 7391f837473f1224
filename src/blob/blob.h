#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/keyring.h"

namespace authx::blob {

/// Sealed objects (images, video) under opaque names. Every object is sealed before it reaches the backend, with the
/// owner's key, in chunks bound to the object's name and position, so that an altered, truncated, reordered or swapped
/// object does not open. Thread-safe; blocking.
class Store {
 public:
  virtual ~Store() = default;
  /// Durable when it returns (file and directory synced, then renamed into place). Putting the same name again replaces it.
  /// Errors: `Errc::unavailable` (disk full or failing), `Errc::internal` (a name or key that is not of the form).
  virtual Result<> put(std::string_view name, BytesView plain, const crypto::Key& key) = 0;
  virtual Result<Bytes> get(std::string_view name,
                            const crypto::Key& key) = 0;  ///< `Errc::not_found`, `Errc::internal` when it does not open
  virtual Result<> remove(std::string_view name) = 0;     ///< idempotent
  virtual Result<std::vector<std::string>> list() = 0;    ///< names, for the sweep of orphans
  virtual Result<> ping() = 0;                            ///< writable, with space left
};

/// `<root>/<hh>/<name>`, `hh` from the name's hash: ids that begin with the time would all share their own first letters.
/// Names are `[a-z0-9-]{1,80}`, made by us, never from input. Several processes may use one folder. Opening sweeps what
/// a crash left half-written.
///
/// File: "AXB1" | 32-byte salt | chunks of 64 KiB, each AES-256-GCM with its tag, the last one shorter or equal. Key and nonce
/// prefix come from the owner's key, the salt and the name (HKDF-SHA256); the nonce is prefix | chunk number | last? (STREAM:
/// Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015).
Result<std::unique_ptr<Store>> open_directory(const std::string& root);

}  // namespace authx::blob
