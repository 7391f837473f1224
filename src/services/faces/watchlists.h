#pragma once

#include <optional>
#include <string>
#include <vector>

#include "async/work_pool.h"
#include "blob/blob.h"
#include "http/callers.h"
#include "http/types.h"
#include "services/audit/audit_log.h"
#include "services/documents/documents_service.h"
#include "services/faces/galleries.h"

namespace authx::faces {

struct FaceList {
  Uuid id;
  std::string name, kind;  ///< "watch": a person looks at whoever is on it; "block": so too, or refused, by the policy
  std::int64_t entries = 0;
  Time created_at;
};

struct ListEntry {
  Uuid id;
  std::string label;
  Time created_at;
};

/// Lists of faces that verifications and searches are compared with. Each list's pictures, templates and labels are sealed with a
/// key of its own, which goes with the list. Every change is audited.
class Watchlists {
 public:
  struct Parts {
    db::AsyncDatabase& database;
    WorkPool& vision;
    WorkPool& files;
    const Clock& clock;
    const crypto::Keyring& keyring;
    const audit::Log& audit;
    blob::Store& blobs;
    documents::FaceEngineSource face_engine;
    TemplateVault& vault;
    Galleries& galleries;
  };
  explicit Watchlists(Parts parts) : p_(std::move(parts)) {}

  awaitable<Result<FaceList>> create(const http::Principal& caller, std::string name, std::string kind);
  awaitable<Result<std::vector<FaceList>>> list(const http::Principal& caller);
  awaitable<Result<>> remove(const http::Principal& caller, Uuid list);  ///< `Errc::not_found`
  /// `Errc::validation` when the picture shows no usable face, `Errc::not_found`.
  awaitable<Result<ListEntry>> add(const http::Principal& caller, Uuid list, http::UploadedFile image, std::string label);
  awaitable<Result<std::vector<ListEntry>>> entries(const http::Principal& caller, Uuid list, std::optional<Uuid> before,
                                                    std::size_t limit);
  awaitable<Result<>> remove_entry(const http::Principal& caller, Uuid list, Uuid entry);  ///< `Errc::not_found`

 private:
  Result<> forget(const std::vector<std::string>& objects) const;
  Parts p_;
};

}  // namespace authx::faces
