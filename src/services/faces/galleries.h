#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "db/db.h"
#include "engines/face/face_engine.h"
#include "engines/face/gallery.h"
#include "services/faces/template_vault.h"

namespace authx::faces {

/// Where a search looks.
enum class Scope { enrolled, lists, everything };

struct Sighting {
  Uuid entry;
  std::optional<Uuid> user;  ///< who is enrolled with this face; nothing: it is on a list
  std::optional<Uuid> list;
  std::string list_name, list_kind;  ///< "watch" | "block"
  std::string label;
  double similarity = 0, probability = 0, fmr = 1;
};

struct Sightings {
  std::vector<Sighting> found;  ///< most similar first
  std::int64_t searched = 0;    ///< faces compared
  double threshold = 1;         ///< similarity that counts
};

/// The galleries of an installation: of each organisation one of the enrolled and one for each list, each for one model and one
/// template key. They are
/// mapped files in a folder, or memory where another process of this machine has the file; the database is the truth. At the
/// first use they are compared with it row by row, and before every search they take up what has changed since, so that whatever
/// process wrote it and however this one ended, a search sees every committed entry and none that is gone. Blocking; thread-safe.
class Galleries {
 public:
  /// `folder` empty: in memory.
  Galleries(db::Database& database, const crypto::Keyring& keyring, TemplateVault& vault, std::string folder)
      : database_(database), keyring_(keyring), vault_(vault), folder_(std::move(folder)) {}

  /// In the transaction of the change. Of one person the newest `kKept` captures stay.
  Result<> enrol(db::Tx& tx, const Uuid& user, const Uuid& capture, const ProtectedTemplate& one, Time now);
  Result<> add_to_list(db::Tx& tx, const Uuid& list, const Uuid& entry, const ProtectedTemplate& one, const std::string& label,
                       const std::string& image, Time now);
  /// The same entry under another model or key.
  Result<> replace(db::Tx& tx, const Uuid& entry, const ProtectedTemplate& one);
  static Result<bool> remove(db::Tx& tx, const Uuid& list, const Uuid& entry);
  static constexpr std::int64_t kKept = 3;

  /// Who in the organisation looks like this, at most `count`, of the embedding's own model only. A match is what would befall by chance in
  /// one search of a hundred, within a false-match rate of 1e-6 to 1e-4 a comparison; with `all`, also what is less alike.
  Result<Sightings> search(const Uuid& tenant, const face::FaceEngine& engine, const face::Embedding& probe, Scope scope, std::size_t count,
                           const std::optional<Uuid>& except = std::nullopt, bool all = false);

  /// Compares with the database now; otherwise the first search does.
  Result<> catch_up();

 private:
  struct Space {
    Uuid tenant;
    std::optional<Uuid> list;
    std::string model;
    std::int64_t key = 0;
    auto operator<=>(const Space&) const = default;
  };
  struct Entry {
    Uuid id;
    Space space;
    std::int64_t seq = 0;
    std::optional<std::vector<float>> values;  ///< nothing: its key is gone
  };
  static Result<std::int64_t> next(db::Tx& tx);
  Result<Entry> read_entry(db::Tx& tx, const db::Row& row, std::map<Uuid, crypto::Key>& list_keys) const;
  Result<> reconcile();
  Result<> take(const Entry& entry);
  void drop(const Uuid& id, const Space* except = nullptr);
  Result<std::shared_ptr<face::Gallery>> gallery(const Space& space, std::size_t dimension);
  std::string file_of(const Space& space) const;
  void sweep_files();

  db::Database& database_;
  const crypto::Keyring& keyring_;
  TemplateVault& vault_;
  std::string folder_;
  std::mutex catching_up_;
  std::optional<std::int64_t> applied_;  ///< guarded by `catching_up_`
  std::mutex mutex_;
  std::map<Space, std::shared_ptr<face::Gallery>> open_;
};

/// Seals what a list holds.
Result<crypto::Key> list_key(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& list);
std::string list_key_context(const Uuid& list);

}  // namespace authx::faces
