#include "app/runtime.h"

#include <fmt/format.h>
#include <malloc.h>
#include <openssl/evp.h>

#include <filesystem>
#include <fstream>

#include "app/cli.h"
#include "app/face_models.h"
#include "crypto/hash.h"
#include "services/auth/auth_api.h"
#include "services/documents/documents_api.h"
#include "services/faces/faces_api.h"
#include "services/providers/http_provider.h"
#include "services/verifications/verifications_api.h"
#include "telemetry/log.h"

namespace authx::app {
namespace {

namespace fs = std::filesystem;

std::size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

SecretBytes derive(const SecretText& secret, std::string_view label) {
  const auto digest = crypto::hmac_sha256(as_bytes(secret.expose()), as_bytes(label));
  return SecretBytes{Bytes{digest.begin(), digest.end()}};
}

Result<crypto::Keyring> open_keyring(const Config& config) {
  if (!config.secret_key.empty()) {
    std::map<std::uint32_t, SecretBytes> masters;
    masters.emplace(1, derive(config.secret_key, "authx master 1"));
    return crypto::Keyring::create(std::move(masters), derive(config.secret_key, "authx root"));
  }
  const auto path = config.data_dir + "/keys";
  if (!fs::exists(path)) AX_CHECK(crypto::Keyring::create_file(path));
  return crypto::Keyring::load_file(path);
}

Result<> connect_providers(const Config& config, const Clock& clock, providers::Registry& registry) {
  for (std::size_t i = 0; i < config.providers.size(); ++i) {
    const auto& c = config.providers[i];
    if (c.url.empty()) continue;
    const auto kind = providers::kKinds[i];
    const auto scheme = providers::parse_scheme(c.scheme);
    providers::HttpSettings settings;
    if (scheme) settings.scheme = *scheme;
    settings.peer.base_url = c.url;
    settings.peer.allow_private = c.allow_private;
    settings.peer.ca_pem = c.ca;
    settings.peer.certificate_pem = c.client_certificate;
    settings.peer.key_pem = c.client_key;
    settings.peer.total_timeout = std::chrono::milliseconds{c.timeout_ms};
    settings.peer.connect_timeout = std::min(settings.peer.connect_timeout, settings.peer.total_timeout);
    settings.key_id = c.key_id;
    settings.key = c.key;
    settings.token_url = c.token_url;
    settings.answer_key = c.answer_key;
    Result<std::unique_ptr<providers::Provider>> provider{Error::invalid("scheme", "must be hmac, jws, bearer, oauth2 or none")};
    if (scheme) provider = providers::make_http_provider(kind, std::move(settings), clock);
    if (!provider) {
      auto error = std::move(provider).error();
      error.message = fmt::format("The provider for {} is not configured well", providers::to_string(kind));
      return error;
    }
    registry.add(std::move(*provider));
  }
  return {};
}

Result<std::shared_ptr<const document::TrustStore>> load_trust(const Config& config) {
  document::TrustAnchors anchors;
  for (const auto& path : config.uidai_certificates) {
    AX_TRY(const auto bytes, read_file(path, std::size_t{1} << 20));
    anchors.aadhaar_qr_pem.emplace_back(as_text(bytes));
    anchors.offline_kyc_pem.emplace_back(as_text(bytes));
  }
  AX_TRY(auto store, document::TrustStore::parse(anchors));
  return std::make_shared<const document::TrustStore>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<Storage>> Storage::open(const Config& config) {
  auto storage = std::make_unique<Storage>();
  std::error_code ec;
  fs::create_directories(config.data_dir, ec);
  if (ec) return Error{Errc::unavailable, "cannot create the data folder " + config.data_dir + ": " + ec.message()};
  fs::permissions(config.data_dir, fs::perms::owner_all, ec);
  AX_TRY(auto keyring, open_keyring(config));
  storage->keyring = std::make_unique<crypto::Keyring>(std::move(keyring));
  db::Options options;
  options.url =
      config.database_url.empty() ? "sqlite:///" + fs::absolute(config.data_dir + "/authx.db").string() : config.database_url.expose();
  options.connections = static_cast<std::size_t>(config.database_connections);
  AX_TRY(storage->database, db::open(options));
  storage->audit = std::make_unique<audit::Log>(storage->clock, storage->keyring->derive("audit"));
  storage->checkpoint_file = config.data_dir + "/audit-checkpoints";
  return storage;
}

Result<std::shared_ptr<const face::FaceEngine>> load_face_engine(const Config& config) {
  AX_TRY(const auto pack, find_face_models(config));
  return face::FaceEngine::create(pack);
}

FaceModels::~FaceModels() {
  if (thread_.joinable()) thread_.join();
}

void FaceModels::start() {
  std::call_once(started_, [this] {
    thread_ = std::thread{[this] {
      auto engine = load_face_engine(config_);
      if (!engine) {
        log::warning("face_models_missing", {{"detail", engine.error().detail}});
        if (engine.error().code != Errc::capability_unavailable) engine = Error{Errc::capability_unavailable, engine.error().detail};
      } else {
        log::info("face_models_loaded", {{"pack", (*engine)->pack_name()}, {"embedding", (*engine)->embedding_model_id()}});
        if (!(*engine)->notice().empty()) log::warning("face_models_licence", {{"notice", (*engine)->notice()}});
      }
      ::malloc_trim(0);  // compiling leaves some 20 MB free in this thread's heap
      promise_.set_value(std::move(engine));
    }};
  });
}

Result<std::shared_ptr<const face::FaceEngine>> FaceModels::get() {
  start();
  return engine_.get();
}
bool FaceModels::ready() const {
  return engine_.wait_for(std::chrono::seconds{0}) == std::future_status::ready && engine_.get().has_value();
}

bool Runtime::serves(const std::string& module) const {
  return config.services.empty() || ("," + config.services + ",").find("," + module + ",") != std::string::npos;
}

void Runtime::join() {
  if (queue) queue->stop();
  for (auto* pool : {vision.get(), hashing.get(), files.get()})
    if (pool != nullptr) pool->join();
  if (database) database->join();
}

Runtime::~Runtime() { join(); }

Result<std::unique_ptr<Runtime>> Runtime::create(Config configuration) {
  auto r = std::make_unique<Runtime>();
  r->config = std::move(configuration);
  const Config& c = r->config;
  AX_TRY(r->storage, Storage::open(c));
  AX_TRY(const int applied, db::migrate(*r->storage->database));
  if (applied > 0) log::info("database_migrated", {{"applied", applied}});
  AX_TRY(r->blobs, blob::open_directory(c.upload_dir));
  Storage& s = *r->storage;
  r->database = std::make_unique<db::AsyncDatabase>(
      *s.database, s.database->dialect() == db::Dialect::sqlite ? 2 : static_cast<std::size_t>(c.database_connections), 1000);
  r->vision = std::make_unique<WorkPool>("vision", cores(), 64);
  const auto hash_threads = cores();
  r->hashing = std::make_unique<WorkPool>("password", hash_threads, hash_threads * 64);
  r->files = std::make_unique<WorkPool>("files", 4, 256);
  const bool needs_faces = r->serves("documents") || r->serves("faces") || r->serves("verifications");
  if (needs_faces) r->models = std::make_unique<FaceModels>(c);
  jobs::QueueOptions queue_options;
  queue_options.threads = cores();
  r->queue = std::make_unique<jobs::Queue>(*s.database, s.clock, queue_options);

  auth::AuthOptions auth_options;
  auth_options.cost = {static_cast<std::uint32_t>(c.argon2_memory_kib), static_cast<std::uint32_t>(c.argon2_passes)};
  auth_options.sessions.access_lifetime = std::chrono::minutes{c.jwt_expire_minutes};
  auth_options.sessions.idle = std::chrono::hours{c.session_idle_hours};
  auth_options.sessions.absolute = std::chrono::hours{c.session_hours};
  auth_options.public_url = c.public_url;
  auto jwt_key = c.jwt_secret_key.empty() ? s.keyring->derive("jwt") : SecretBytes{to_bytes(c.jwt_secret_key.expose())};
  r->auth = std::make_unique<auth::AuthService>(*r->database, *r->hashing, s.clock, *s.keyring, *s.audit,
                                                crypto::JwtHs256{std::move(jwt_key)}, auth_options);
  AX_CHECK(r->auth->sessions().start());

  if (r->serves("biometrics") || needs_faces) {
    r->biometrics = std::make_unique<biometrics::BiometricsService>(
        biometrics::BiometricsService::Parts{*r->database, *r->vision, *r->files, s.clock, *s.keyring, *s.audit, *r->blobs, *r->queue,
                                             [queue = r->queue.get()](db::Tx& tx, const Uuid& user) {
                                               return verifications::VerificationsService::advance_waiting(tx, *queue, user);
                                             },
                                             c.biometric_templates == "sealed"});
    if (r->serves("biometrics")) r->biometrics->register_jobs();
  }
  if (needs_faces) {
    documents::FaceEngineSource engine = [models = r->models.get()] { return models->get(); };
    documents::OnFinal on_final = [queue = r->queue.get()](db::Tx& tx, const Uuid& user) {
      return verifications::VerificationsService::advance_waiting(tx, *queue, user);
    };
    documents::OnDelete on_delete = [runtime = r.get()](db::Tx& tx, const Uuid& document, const Uuid& user) {
      return runtime->verifications->forget_document(tx, document, user);
    };
    AX_CHECK(connect_providers(c, s.clock, r->providers));
    AX_TRY(auto trust, load_trust(c));
    r->documents = std::make_unique<documents::DocumentsService>(documents::DocumentsService::Parts{
        *r->database, *r->vision, *r->files, s.clock, *s.keyring, *s.audit, *r->blobs, *r->queue, r->progress, engine, on_final, on_delete,
        documents::parse_aadhaar_numbers(c.aadhaar_number).value_or(documents::AadhaarNumbers::discard),
        std::chrono::days{c.expiry_notice_days}, std::move(trust), c.specimens == "note"});
    r->faces = std::make_unique<faces::FacesService>(faces::FacesService::Parts{
        *r->database, *r->vision, *r->files, s.clock, *s.keyring, *s.audit, *r->blobs, *r->queue, *r->documents, engine, on_final});
    decision::Policy policy;
    policy.liveness = decision::parse_liveness_policy(c.liveness_policy).value_or(decision::LivenessPolicy::basic);
    r->verifications = std::make_unique<verifications::VerificationsService>(
        verifications::VerificationsService::Parts{*r->database, s.clock, *s.keyring, *s.audit, *r->queue, *r->documents, *r->faces,
                                                   *r->biometrics, engine, r->progress, r->providers, policy});
    if (r->serves("documents")) r->documents->register_jobs();
    if (r->serves("faces")) r->faces->register_jobs();
    if (r->serves("verifications")) r->verifications->register_jobs();
  }
  r->admin = std::make_unique<admin::AdminService>(admin::AdminService{*r->database, s.clock, *s.keyring, *s.audit});
  return r;
}

Result<std::optional<std::string>> ensure_admin(Storage& storage, const Config& config) {
  AX_TRY(const bool exists, storage.database->read([](db::Tx& tx) { return users::any_admin(tx); }));
  if (exists) return std::optional<std::string>{};
  auto password = crypto::random_password();
  AX_TRY(auto hash, crypto::hash_password(password, {static_cast<std::uint32_t>(config.argon2_memory_kib),
                                                     static_cast<std::uint32_t>(config.argon2_passes)}));
  users::NewUser admin;
  admin.name = "Administrator";
  admin.email = config.admin_email;
  admin.role = http::Role::admin;
  admin.password_hash = std::move(hash);
  return storage.database->write([&](db::Tx& tx) -> Result<std::optional<std::string>> {
    AX_TRY(const bool raced, users::any_admin(tx));
    if (raced) return std::optional<std::string>{};
    AX_TRY(const auto id, users::create(tx, *storage.keyring, storage.clock.now(), admin));
    AX_CHECK(storage.audit->append(tx, {id, "user.first_admin_created", "{}", nullptr}));
    return std::optional{password};
  });
}

}  // namespace authx::app
