#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/config.h"
#include "async/work_pool.h"
#include "blob/blob.h"
#include "crypto/keyring.h"
#include "db/async.h"
#include "engines/face/engine_slot.h"
#include "engines/face/shadow.h"
#include "http/router.h"
#include "jobs/queue.h"
#include "services/access/api_keys.h"
#include "services/access/roles_api.h"
#include "services/admin/admin_api.h"
#include "services/audit/audit_log.h"
#include "services/auth/account_service.h"
#include "services/auth/auth_service.h"
#include "services/biometrics/biometrics_api.h"
#include "services/documents/documents_service.h"
#include "services/faces/faces_service.h"
#include "services/federation/federation_service.h"
#include "services/oauth/oauth_service.h"
#include "services/organizations/organizations_api.h"
#include "services/scim/scim_service.h"
#include "services/verifications/verifications_service.h"

namespace authx::app {

/// Keys, database and audit log: what every command that touches stored data needs.
struct Storage {
  SystemClock clock;
  std::unique_ptr<crypto::Keyring> keyring;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<audit::Log> audit;
  std::string checkpoint_file;

  /// Makes folders and keys when absent; does not migrate.
  static Result<std::unique_ptr<Storage>> open(const Config& config);
};

/// The face models that the process serves with, and those that look on (`FACE_SHADOW_MODEL_PATH`). Loaded on a thread of their
/// own: by `start`, or when first asked for. Thread-safe.
class FaceModels {
 public:
  explicit FaceModels(const Config& config) : config_(config) {}
  ~FaceModels();
  void start();
  /// Called on the loading thread after each successful load; set before `start`.
  void on_loaded(std::function<void()> action) { on_loaded_ = std::move(action); }
  /// Waits for the end of the first loading. `Errc::capability_unavailable` when there is no usable pack.
  Result<std::shared_ptr<const face::FaceEngine>> get();
  bool ready() const;
  /// Loads what the configuration names now and swaps; requests that run finish with what they began with. On an error what is
  /// in use stays. Blocking.
  Result<> reload();
  /// Lets the second pack look at what the first judged; nothing without one.
  void observe(const imaging::Image& image, const face::Analysis& primary) const;
  /// The same with a document and the live picture that it was compared with.
  void observe(const imaging::Image& document, const imaging::Image& live, const face::Analysis& primary,
               const face::Comparison& decided) const;
  bool observes() const;

 private:
  Result<> load(const Config& config);
  std::shared_ptr<const face::Shadow> shadow() const;
  const Config& config_;
  std::once_flag started_;
  std::thread thread_;
  std::promise<Result<>> promise_;
  std::shared_future<Result<>> first_ = promise_.get_future().share();
  std::mutex loading_;
  face::EngineSlot slot_;
  face::EngineSlot shadow_slot_;
  mutable std::mutex mutex_;
  std::shared_ptr<const face::Shadow> shadow_;  ///< guarded by `mutex_`
  std::function<void()> on_loaded_;
};

/// Loads the configured pack (`find_face_models`).
Result<std::shared_ptr<const face::FaceEngine>> load_face_engine(const Config& config);
/// The certificates that the configuration names, whose signatures on documents count.
Result<std::shared_ptr<const document::TrustStore>> load_trust(const Config& config);

/// Every service, wired.
struct Runtime {
  Config config;
  std::unique_ptr<Storage> storage;
  std::unique_ptr<blob::Store> blobs;
  std::unique_ptr<FaceModels> models;
  std::unique_ptr<WorkPool> vision, hashing, files, outside;
  std::unique_ptr<db::AsyncDatabase> database;
  std::unique_ptr<jobs::Queue> queue;
  progress::Hub progress;
  providers::Registry providers;
  std::unique_ptr<organizations::Directory> directory;
  std::unique_ptr<signing::SigningKeys> signing_keys;
  std::unique_ptr<auth::AuthService> auth;
  std::unique_ptr<auth::AccountService> accounts;
  std::unique_ptr<oauth::KeySets> key_sets;
  std::unique_ptr<oauth::OAuthService> oauth;
  std::unique_ptr<access::ApiKeys> api_keys;
  std::unique_ptr<access::RolesApi> roles;
  std::unique_ptr<scim::ScimService> scim;
  std::unique_ptr<federation::FederationService> federation;
  std::unique_ptr<documents::DocumentsService> documents;
  std::unique_ptr<faces::FacesService> faces;
  std::unique_ptr<verifications::VerificationsService> verifications;
  std::unique_ptr<biometrics::BiometricsService> biometrics;
  std::unique_ptr<admin::AdminService> admin;
  std::unique_ptr<organizations::OrganizationsService> organizations;
  std::vector<std::shared_ptr<void>> mounted;  ///< what the endpoints of `mount` refer to

  static Result<std::unique_ptr<Runtime>> create(Config config);
  ~Runtime();
  bool serves(const std::string& module) const;
  /// Ends the queue and joins the pools; before the server, to whose threads they hand results, goes away.
  void join();
};

/// All endpoints of the modules that `runtime` serves, with health, metrics and the OpenAPI document.
void mount(http::Router& router, Runtime& runtime);

/// Creates the first administrator when there is none; the password, or nothing.
Result<std::optional<std::string>> ensure_admin(Storage& storage, const Config& config);

}  // namespace authx::app
