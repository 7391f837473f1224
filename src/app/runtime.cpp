#include "app/runtime.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <filesystem>
#include <fstream>

#include "app/cli.h"
#include "app/face_models.h"
#include "app/identity.h"
#include "app/memory.h"
#include "crypto/hash.h"
#include "services/auth/auth_api.h"
#include "services/documents/documents_api.h"
#include "services/faces/faces_api.h"
#include "services/providers/http_provider.h"
#include "services/verifications/verifications_api.h"
#include "services/verifications/verified_claims.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

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

/// `user=1,admin=2`, checked by the configuration.
std::array<std::uint8_t, 4> needed_aal(const Config& config) {
  std::array<std::uint8_t, 4> out{1, 1, 1, 1};
  for (const auto& pair : config.required_aal) {
    const auto role = http::parse_role(pair.substr(0, pair.find('=')));
    if (role && pair.size() > 1) out[static_cast<std::size_t>(*role)] = static_cast<std::uint8_t>(pair.back() - '0');
  }
  return out;
}

Result<auth::webauthn::RelyingParty> relying_party(const Config& config) {
  auth::webauthn::RelyingParty out;
  const auto scheme = config.public_url.find("://");
  const auto host_at = scheme == std::string::npos ? 0 : scheme + 3;
  const auto host_end = config.public_url.find_first_of(":/", host_at);
  out.id = config.passkey_domain.empty() ? config.public_url.substr(host_at, host_end - host_at) : config.passkey_domain;
  out.origins.push_back(config.public_url.substr(0, config.public_url.find('/', host_at)));
  out.origins.insert(out.origins.end(), config.passkey_origins.begin(), config.passkey_origins.end());
  out.attestation = auth::webauthn::parse_attestation_policy(config.passkey_attestation).value_or(auth::webauthn::AttestationPolicy::none);
  if (!config.passkey_roots.empty()) {
    AX_TRY(auto roots, auth::webauthn::AttestationRoots::load(config.passkey_roots));
    out.roots = std::make_shared<const auth::webauthn::AttestationRoots>(std::move(roots));
  }
  return out;
}

/// What the second pack said, for whoever judges it: in metrics and the log, nowhere else.
void report_shadow(const face::ShadowReport& r) {
  const bool same = r.primary_found == r.shadow_found && (!r.primary || !r.shadow || r.primary->match == r.shadow->match);
  const auto* outcome = !r.error.empty() ? "error" : same ? "agrees" : "differs";
  metrics::shadow_reports(r.shadow_model, outcome).add();
  log::info("face_shadow", {{"model", r.shadow_model},
                            {"outcome", outcome},
                            {"primary_found", r.primary_found},
                            {"shadow_found", r.shadow_found},
                            {"primary_quality", r.primary_quality},
                            {"shadow_quality", r.shadow_quality},
                            {"detail", r.error}});
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

Result<std::shared_ptr<const document::TrustStore>> load_trust(const Config& config) {
  document::TrustAnchors anchors;
  const auto load = [](const std::vector<std::string>& paths, std::vector<std::string>& out) -> Result<> {
    for (const auto& path : paths) {
      AX_TRY(const auto bytes, read_file(path, std::size_t{8} << 20));
      out.emplace_back(as_text(bytes));
    }
    return {};
  };
  AX_CHECK(load(config.uidai_certificates, anchors.aadhaar_qr_pem));
  anchors.offline_kyc_pem = anchors.aadhaar_qr_pem;
  AX_CHECK(load(config.pdf_certificates, anchors.pdf_pem));
  AX_CHECK(load(config.csca_certificates, anchors.csca_pem));
  AX_TRY(auto store, document::TrustStore::parse(anchors));
  return std::make_shared<const document::TrustStore>(std::move(store));
}

Result<std::shared_ptr<const face::FaceEngine>> load_face_engine(const Config& config) {
  AX_TRY(const auto pack, find_face_models(config));
  return face::FaceEngine::create(pack);
}

FaceModels::~FaceModels() {
  if (thread_.joinable()) thread_.join();
}

Result<> FaceModels::load(const Config& config) {
  const std::lock_guard lock{loading_};
  AX_TRY(const auto pack, find_face_models(config));
  AX_TRY(const auto engine, slot_.load(pack));
  log::info("face_models_loaded", {{"pack", engine->pack_name()}, {"embedding", engine->embedding_model_id()}});
  if (!engine->notice().empty()) log::warning("face_models_licence", {{"notice", engine->notice()}});
  std::shared_ptr<const face::Shadow> shadow;
  if (!config.face_shadow_model_path.empty()) {
    auto second = find_face_models(config, config.face_shadow_model_path);
    auto other = second ? shadow_slot_.load(*second) : Result<std::shared_ptr<const face::FaceEngine>>{second.error()};
    if (other) {
      log::info("face_shadow_loaded", {{"pack", (*other)->pack_name()}, {"embedding", (*other)->embedding_model_id()}});
      shadow = std::make_shared<const face::Shadow>(*other, &report_shadow);
    } else {
      log::warning("face_shadow_missing", {{"detail", other.error().detail}});
    }
  }
  const std::lock_guard guard{mutex_};
  shadow_ = std::move(shadow);
  return {};
}

void FaceModels::start() {
  std::call_once(started_, [this] {
    thread_ = std::thread{[this] {
      auto done = load(config_);
      if (!done) {
        log::warning("face_models_missing", {{"detail", done.error().detail}});
        if (done.error().code != Errc::capability_unavailable) done = Error{Errc::capability_unavailable, done.error().detail};
      }
      give_back_start_up_memory();  // compiling leaves some 20 MB free in this thread's heap, and the compiler's own code
      const bool loaded = done.has_value();
      promise_.set_value(std::move(done));
      if (loaded && on_loaded_) on_loaded_();
    }};
  });
}

Result<std::shared_ptr<const face::FaceEngine>> FaceModels::get() {
  start();
  const auto& first = first_.get();
  if (auto engine = slot_.get()) return engine;
  if (!first) return first.error();
  return Error{Errc::internal, "the face models are gone"};
}

bool FaceModels::ready() const { return slot_.get() != nullptr; }

Result<> FaceModels::reload() {
  start();
  first_.wait();
  AX_TRY(const auto config, load_config(config_.file));
  AX_CHECK(load(config));
  give_back_start_up_memory();
  if (on_loaded_) on_loaded_();
  return {};
}

std::shared_ptr<const face::Shadow> FaceModels::shadow() const {
  const std::lock_guard lock{mutex_};
  return shadow_;
}

bool FaceModels::observes() const { return shadow() != nullptr; }

void FaceModels::observe(const imaging::Image& image, const face::Analysis& primary) const {
  if (const auto second = shadow()) second->observe(image, primary, Deadline::after(std::chrono::seconds{30}));
}

void FaceModels::observe(const imaging::Image& document, const imaging::Image& live, const face::Analysis& primary,
                         const face::Comparison& decided) const {
  if (const auto second = shadow()) second->observe(document, live, primary, decided, Deadline::after(std::chrono::seconds{30}));
}

bool Runtime::serves(const std::string& module) const {
  return config.services.empty() || ("," + config.services + ",").find("," + module + ",") != std::string::npos;
}

void Runtime::join() {
  if (queue) queue->stop();
  for (auto* pool : {vision.get(), hashing.get(), files.get(), outside.get()})
    if (pool != nullptr) pool->join();
  if (database) database->join();
}

Runtime::~Runtime() {
  join();
  models.reset();  // waits for the loading thread, whose end calls services that are still there
}

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
  r->outside = std::make_unique<WorkPool>("outside", 4, 64);  // waits for other servers, and holds up nobody else
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
  auth_options.password_bits = static_cast<double>(c.password_bits);
  auth_options.limit_addresses = c.rate_limits;
  auth_options.needed_aal = needed_aal(c);
  AX_TRY(auth_options.passkeys, relying_party(c));
  std::shared_ptr<const auth::BreachedList> breached;
  if (!c.breached_list.empty()) {
    AX_TRY(breached, auth::BreachedList::open(c.breached_list));
  }
  if (!c.geoip_database.empty()) {
    AX_TRY(auth_options.places, auth::Places::open(c.geoip_database));
  }
  auto jwt_key = c.jwt_secret_key.empty() ? s.keyring->derive("jwt") : SecretBytes{to_bytes(c.jwt_secret_key.expose())};
  auto issuer = c.public_url;
  while (issuer.ends_with('/')) issuer.pop_back();
  signing::RotationPolicy rotation;
  rotation.every = std::chrono::days{c.signing_key_days};
  r->signing_keys = std::make_unique<signing::SigningKeys>(*s.database, s.clock, *s.keyring, rotation);
  AX_CHECK(r->signing_keys->start());
  const auto token_algorithm = crypto::parse_jws_algorithm(c.jwt_algorithm);  // none: HS256
  if (token_algorithm && r->serves("auth")) AX_CHECK(r->signing_keys->ensure(*token_algorithm));
  auth::AccessTokens access_tokens{crypto::JwtHs256{std::move(jwt_key)}, *r->signing_keys, token_algorithm, issuer};
  r->auth = std::make_unique<auth::AuthService>(*r->database, *r->hashing, s.clock, *s.keyring, *s.audit, std::move(access_tokens),
                                                auth_options, std::move(breached));
  r->directory = std::make_unique<organizations::Directory>(*s.database);
  AX_CHECK(r->directory->start());
  const auto tenant_open = [directory = r->directory.get()](const Uuid& tenant) { return directory->open(tenant); };
  r->auth->core().proof_check = proof_check();
  r->auth->core().tenant_open = tenant_open;
  r->accounts = std::make_unique<auth::AccountService>(r->auth->core());
  AX_CHECK(r->auth->sessions().start());

  oauth::OAuthOptions oauth_options;
  oauth_options.issuer = issuer;
  oauth_options.algorithm = crypto::parse_jws_algorithm(c.oauth_algorithm).value_or(crypto::JwsAlgorithm::ES256);
  oauth_options.access_lifetime = std::chrono::minutes{c.oauth_access_minutes};
  oauth_options.id_token_lifetime = oauth_options.access_lifetime;
  oauth_options.private_peers = c.oauth_private_peers;
  oauth_options.needed_aal = needed_aal(c);
  if (r->serves("auth")) AX_CHECK(r->signing_keys->ensure(oauth_options.algorithm));
  const auto verified = [runtime = r.get()](db::Tx& tx, const Uuid& user) -> Result<std::optional<json::object>> {
    if (!runtime->documents) return std::optional<json::object>{};
    return verifications::verified_claims(tx, *runtime->documents, user);
  };
  r->key_sets = std::make_unique<oauth::KeySets>(s.clock, c.oauth_private_peers);
  r->oauth = std::make_unique<oauth::OAuthService>(oauth::OAuthService::Parts{*r->database, *r->hashing, *r->outside, *r->key_sets, s.clock,
                                                                              *s.keyring, *s.audit, *r->queue, r->auth->sessions(),
                                                                              *r->signing_keys, oauth_options, verified, tenant_open});
  r->api_keys = std::make_unique<access::ApiKeys>(*r->database, s.clock, *s.keyring, *s.audit);
  r->roles = std::make_unique<access::RolesApi>(access::RolesApi{*r->database, {s.clock, *s.audit, r->auth->sessions()}});
  r->scim = std::make_unique<scim::ScimService>(
      scim::ScimService::Parts{*r->database, r->auth->core(), r->roles->roles, oauth_options.issuer + "/scim/v2"});
  r->federation = std::make_unique<federation::FederationService>(federation::FederationService::Parts{
      *r->database, *r->outside, *r->auth, *r->key_sets, oauth_options.issuer + "/federation", c.oauth_private_peers});
  if (r->serves("auth")) r->oauth->register_jobs();

  if (r->serves("biometrics") || needs_faces) {
    r->biometrics = std::make_unique<biometrics::BiometricsService>(
        biometrics::BiometricsService::Parts{*r->database, *r->vision, *r->files, s.clock, *s.keyring, *s.audit, *r->blobs, *r->queue,
                                             [queue = r->queue.get()](db::Tx& tx, const Uuid& user) {
                                               return verifications::VerificationsService::advance_waiting(tx, *queue, user);
                                             },
                                             c.biometric_templates == "sealed"});
    if (r->serves("biometrics")) r->biometrics->register_jobs();
    r->auth->core().on_erase = [biometrics = r->biometrics.get()](db::Tx& tx, const Uuid& user) {
      return biometrics->forget_person(tx, user);
    };
  }
  if (needs_faces) {
    documents::FaceEngineSource engine = [models = r->models.get()] { return models->get(); };
    documents::OnFinal on_final = [queue = r->queue.get()](db::Tx& tx, const Uuid& user) {
      return verifications::VerificationsService::advance_waiting(tx, *queue, user);
    };
    documents::OnDelete on_delete = [runtime = r.get()](db::Tx& tx, const Uuid& document, const Uuid& user) {
      return runtime->verifications->forget_document(tx, document, user);
    };
    documents::PortraitStore portraits{[runtime = r.get()](db::Tx& tx, const Uuid& document, const Uuid& user,
                                                           const std::optional<face::Embedding>& portrait, bool from_pictures) {
                                         return runtime->faces->portraits().keep(tx, document, user, portrait, from_pictures,
                                                                                 runtime->storage->clock.now());
                                       },
                                       [runtime = r.get()](db::Tx& tx, const Uuid& document, const Uuid& user) {
                                         return runtime->faces->portraits().find(tx, document, user);
                                       }};
    const int old_portrait_days = static_cast<int>(c.face_portrait_years) * 365;
    AX_CHECK(connect_providers(c, s.clock, r->providers));
    AX_TRY(auto trust, load_trust(c));
    r->documents = std::make_unique<documents::DocumentsService>(documents::DocumentsService::Parts{
        *r->database, *r->vision, *r->files, s.clock, *s.keyring, *s.audit, *r->blobs, *r->queue, r->progress, engine, on_final, on_delete,
        portraits, documents::parse_aadhaar_numbers(c.aadhaar_number).value_or(documents::AadhaarNumbers::discard),
        std::chrono::days{c.expiry_notice_days}, std::move(trust), c.specimens == "note"});
    r->faces = std::make_unique<faces::FacesService>(faces::FacesService::Parts{
        *r->database, *r->vision, *r->files, s.clock, *s.keyring, *s.audit, *r->blobs, *r->queue, *r->documents, engine, on_final,
        c.data_dir + "/galleries",
        [models = r->models.get()](const imaging::Image& image, const face::Analysis& primary) { models->observe(image, primary); },
        faces::OnCompared{
            [models = r->models.get()] { return models->observes(); },
            [models = r->models.get()](const imaging::Image& document, const imaging::Image& live, const face::Analysis& primary,
                                       const face::Comparison& decided) { models->observe(document, live, primary, decided); }},
        faces::parse_light_policy(c.live_check_lights).value_or(faces::LightPolicy::required), old_portrait_days});
    AX_CHECK(r->faces->prepare());
    decision::Policy policy;
    policy.liveness = decision::parse_liveness_policy(c.liveness_policy).value_or(decision::LivenessPolicy::basic);
    policy.duplicate_needs_review = c.duplicate_faces != "note";
    policy.blocklist_rejects = c.blocklist == "reject";
    policy.old_portrait_days = old_portrait_days;
    r->verifications = std::make_unique<verifications::VerificationsService>(
        verifications::VerificationsService::Parts{*r->database, s.clock, *s.keyring, *s.audit, *r->queue, *r->documents, *r->faces,
                                                   *r->biometrics, engine, r->progress, r->providers, policy});
    r->auth->core().face_check = face_check(*r);
    if (r->serves("documents")) r->documents->register_jobs();
    if (r->serves("faces")) {
      r->faces->register_jobs();
      r->models->on_loaded([faces = r->faces.get()] {
        if (auto done = faces->renew_if_needed(); !done) log::warning("face_renewal_not_queued", {{"detail", done.error().detail}});
      });
    }
    if (r->serves("verifications")) r->verifications->register_jobs();
  }
  r->organizations = std::make_unique<organizations::OrganizationsService>(organizations::OrganizationsService{
      *r->database, s.clock, *s.keyring, *s.audit, r->auth->sessions(), *r->directory, oauth_options.issuer});
  r->admin = std::make_unique<admin::AdminService>(admin::AdminService{*r->database, s.clock, *s.keyring, *s.audit});
  return r;
}

Result<std::optional<std::string>> ensure_admin(Storage& storage, const Config& config) {
  AX_TRY(const bool exists, storage.database->read(kDefaultTenant, [](db::Tx& tx) { return users::any_admin(tx); }));
  if (exists) return std::optional<std::string>{};
  auto password = crypto::random_password();
  AX_TRY(auto hash, crypto::hash_password(password, {static_cast<std::uint32_t>(config.argon2_memory_kib),
                                                     static_cast<std::uint32_t>(config.argon2_passes)}));
  users::NewUser admin;
  admin.name = "Administrator";
  admin.email = config.admin_email;
  admin.role = http::Role::admin;
  admin.password_hash = std::move(hash);
  return storage.database->write(kDefaultTenant, [&](db::Tx& tx) -> Result<std::optional<std::string>> {
    AX_TRY(const bool raced, users::any_admin(tx));
    if (raced) return std::optional<std::string>{};
    AX_TRY(const auto id, users::create(tx, *storage.keyring, storage.clock.now(), admin));
    AX_CHECK(storage.audit->append(tx, {id, "user.first_admin_created", "{}", nullptr}));
    return std::optional{password};
  });
}

}  // namespace authx::app
