#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "crypto/keyring.h"
#include "db/db.h"
#include "engines/face/protect.h"
#include "engines/face/types.h"

namespace authx::faces {

/// A template as it is kept: mapped with the key of that version, so that only templates of one model and one key compare.
struct ProtectedTemplate {
  std::string model_id;
  std::int64_t key = 0;  ///< 0: not protected, from before there was a key
  std::vector<float> values;
};

std::string to_text(const ProtectedTemplate& one);
Result<ProtectedTemplate> template_from_text(std::string_view text);

/// The keys of templates (engines/face/protect.h), of the transaction's organisation. Each is random, wrapped by the keyring and kept in
/// the database: every organisation and every installation has others. A new key revokes the old: templates are mapped anew in the
/// background, and when none is left the old key is destroyed. Thread-safe.
class TemplateVault {
 public:
  explicit TemplateVault(const crypto::Keyring& keyring) : keyring_(keyring) {}

  /// Makes the organisation's first key when there is none, as `protect` does.
  Result<> ensure(db::Tx& tx, Time now) const;
  /// Makes the next key, which is the current one from this transaction on; its version.
  Result<std::int64_t> renew(db::Tx& tx, Time now) const;
  Result<std::int64_t> current(db::Tx& tx) const;
  /// Destroys the keys older than the current one that protect nothing any more; how many.
  Result<std::int64_t> retire(db::Tx& tx);

  /// With the current key.
  Result<ProtectedTemplate> protect(db::Tx& tx, const face::Embedding& plain, Time now);
  Result<ProtectedTemplate> protect(db::Tx& tx, const face::Embedding& plain, std::int64_t version);
  Result<face::Embedding> recover(db::Tx& tx, const ProtectedTemplate& one);

 private:
  struct Name {
    Uuid tenant;
    std::int64_t version = 0;
    std::size_t dimension = 0;
    auto operator<=>(const Name&) const = default;
  };
  Result<std::shared_ptr<const face::TemplateProtection>> protection(db::Tx& tx, std::int64_t version, std::size_t dimension);

  const crypto::Keyring& keyring_;
  std::mutex mutex_;
  std::map<Name, std::shared_ptr<const face::TemplateProtection>> known_;
};

}  // namespace authx::faces
