#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/tenant.h"

namespace authx::crypto {

inline constexpr std::size_t kKeySize = 32;

/// A 256-bit key for sealing. Wiped on destruction.
using Key = SecretBytes;

/// AES-256-GCM with associated data. Sealed form: 0x01 | 12-byte random nonce | ciphertext | 16-byte tag.
/// NIST SP 800-38D. A key seals at most 2^32 messages; every person and every object has an own key, so none comes near.
Bytes seal(const Key& key, BytesView plain, BytesView associated);
/// Error: `Errc::internal` ("sealed data does not open") for a wrong key, place or altered data; never says which.
Result<Bytes> open(const Key& key, BytesView sealed, BytesView associated);

/// Where a sealed column stands: bound into the seal, so that a value moved to another row, column or table won't open.
struct Place {
  std::string_view table;
  std::string_view column;
  Uuid row;
};
Bytes seal_field(const Key& key, std::string_view plain, const Place& place);
Result<std::string> open_field(const Key& key, BytesView sealed, const Place& place);

/// The master key and what is derived from it (HKDF-SHA256, RFC 5869, one label per purpose). Master keys are versioned:
/// new wraps use the newest, old wraps open with theirs until they are re-wrapped. Immutable, thread-safe.
class Keyring {
 public:
  /// `masters`: version (1…) -> 32 bytes. The highest version is current. The blind-index, token and audit keys are derived
  /// from the separate root secret that never rotates with the master (`index_root`, 32 bytes).
  static Result<Keyring> create(const std::map<std::uint32_t, SecretBytes>& masters, SecretBytes index_root);
  /// Reads a key file (`authx` makes it with mode 0600): lines `master.<version> = <base64>` and `root = <base64>`; `#`
  /// starts a comment line. Refuses a file that everyone may open, that its group may write, or that belongs to a third
  /// user. The group may read: orchestrators mount secrets that way. Errors name the line, never its content.
  static Result<Keyring> load_file(const std::string& path);
  /// Makes a new file, durable when this returns; refuses to overwrite (`Errc::conflict`).
  static Result<> create_file(const std::string& path);
  /// Adds a newer master key to the file, atomically, and returns its version. Processes use it once they load the file again.
  static Result<std::uint32_t> add_master(const std::string& path);

  Key new_key() const;  ///< random data key
  /// Wrapped form: 4-byte big-endian master version | sealed key. `context` binds the wrap to its owner ("person:<uuid>").
  Bytes wrap(const Key& key, std::string_view context) const;
  /// Error: `Errc::internal` for a wrong context, an altered wrap, or a master version that the ring does not hold.
  Result<Key> unwrap(BytesView wrapped, std::string_view context) const;
  bool needs_rewrap(BytesView wrapped) const;

  /// Keyed blind index for equality look-ups on sealed values: HMAC-SHA256 under a key derived for `purpose`.
  Bytes blind_index(std::string_view purpose, std::string_view value) const;
  /// The same under a key of the organisation's own, so that equal values of two of them do not show as equal.
  Bytes blind_index(std::string_view purpose, const Uuid& tenant, std::string_view value) const;
  /// A derived 32-byte key for `purpose` ("jwt", "audit", "cursor", …).
  SecretBytes derive(std::string_view purpose) const;

 private:
  Keyring() = default;

  std::map<std::uint32_t, Key> wrap_keys_;  ///< derived from each master; the masters themselves are not kept
  SecretBytes index_root_;
};

}  // namespace authx::crypto
