#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/hash.h"

namespace authx::crypto {

/// One link of the audit chain: HMAC-SHA256 under the audit key over the previous link and the entry's canonical bytes.
/// Keyed, so that someone who can write the table but does not hold the key can't forge a chain.
Digest chain_link(const SecretBytes& key, BytesView previous, std::uint64_t seq, BytesView canonical_entry);

/// A signed statement that the chain had `seq` entries ending in `head`: kept apart from the entries (and, by an operator's
/// choice, outside the database), so that cutting off the newest entries shows.
struct Checkpoint {
  std::uint64_t seq = 0;
  Bytes head;
  std::string signature;  ///< hex
};
Checkpoint sign_checkpoint(const SecretBytes& key, std::uint64_t seq, BytesView head);
bool verify_checkpoint(const SecretBytes& key, const Checkpoint& checkpoint);

}  // namespace authx::crypto
