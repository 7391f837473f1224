#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keyring.h"
#include "db/db.h"
#include "services/faces/template_vault.h"

namespace authx::faces {

/// Embeddings of the portraits on documents: protected with the vault's key and sealed with the person's, as captures are.
class Portraits {
 public:
  Portraits(const crypto::Keyring& keyring, TemplateVault& vault) : keyring_(keyring), vault_(vault) {}

  /// Replaces what is kept of the document; nothing: removes it. `from_pictures`: another model can embed it anew.
  Result<> keep(db::Tx& tx, const Uuid& document, const Uuid& user, const std::optional<face::Embedding>& portrait, bool from_pictures,
                Time now);
  Result<std::optional<face::Embedding>> find(db::Tx& tx, const Uuid& document, const Uuid& user);

  struct Stale {
    Uuid document, user;
    ProtectedTemplate old;
    bool from_pictures = false;
  };
  /// Those that a revoked key protects, and those that another model made and the kept pictures can give anew.
  Result<std::vector<Stale>> stale(db::Tx& tx, std::string_view model, std::int64_t key, std::int64_t count) const;

 private:
  const crypto::Keyring& keyring_;
  TemplateVault& vault_;
};

}  // namespace authx::faces
