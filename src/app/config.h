#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace authx::app {

/// How one issuer's look-up is reached (`services/providers/http_provider.h`); without a URL there is none.
struct ProviderConfig {
  std::string url, scheme = "hmac", key_id, token_url, ca, client_certificate, answer_key;
  SecretText key, client_key;
  std::int64_t timeout_ms = 15'000;
  bool allow_private = false;
};

/// Everything that can be set, parsed once. Each setting has an environment variable (the specification's name where it has
/// one) and the same name in lower case in the TOML file; `NAME_FILE` reads a secret from a file. The environment wins.
struct Config {
  std::string file;  ///< that it was read from; empty: none
  std::string data_dir = "data";
  std::string host = "127.0.0.1";
  std::int64_t port = 8000;
  std::int64_t threads = 0;  ///< 0: one per core
  std::string public_url;    ///< empty: http://localhost:<port>
  std::string web_dir;
  std::string tls_certificate, tls_key;
  std::vector<std::string> cors_origins, trusted_proxies;
  std::string services;  ///< comma-separated modules; empty: all

  SecretText database_url;  ///< empty: SQLite in data_dir
  std::int64_t database_connections = 8;
  std::string upload_dir;  ///< sealed objects; empty: data_dir/objects
  std::int64_t max_file_size = 10 * 1024 * 1024;

  SecretText secret_key;  ///< when set, every key is derived from it instead of from data_dir/keys
  SecretText jwt_secret_key;
  std::string jwt_algorithm = "HS256";  ///< of the server's own access tokens: HS256, ES256, EdDSA or RS256
  std::int64_t jwt_expire_minutes = 60;
  std::int64_t session_idle_hours = 14 * 24;
  std::int64_t session_hours = 90 * 24;
  std::string oauth_algorithm = "ES256";  ///< of OAuth access tokens: ES256, EdDSA or RS256
  std::int64_t oauth_access_minutes = 10;
  std::int64_t signing_key_days = 30;
  bool oauth_private_peers = false;
  std::int64_t argon2_memory_kib = 19 * 1024;
  std::int64_t argon2_passes = 2;
  std::int64_t password_bits = 14;
  std::string breached_list, geoip_database;
  std::vector<std::string> required_aal;
  std::string passkey_domain;
  std::vector<std::string> passkey_origins;
  std::string passkey_attestation = "none";  ///< none | optional | trusted
  std::string passkey_roots;                 ///< folder of makers' root certificates
  std::string admin_email = "admin@authx.local";

  std::string face_model_path, default_model_path, face_shadow_model_path;
  std::string duplicate_faces = "review";  ///< review | note: a face that another account is enrolled with
  std::string blocklist = "review";        ///< review | reject
  std::string ocr_language = "eng";
  std::string biometric_templates = "sealed";   ///< sealed | protected
  std::int64_t face_portrait_years = 6;         ///< from which age on a portrait counts as old; 0: never
  std::string liveness_policy = "basic";        ///< basic | strict | active
  std::string live_check_lights = "required";   ///< required | optional | off
  std::string specimens = "note";               ///< note | refuse: published specimens and pictures marked SPECIMEN
  std::vector<std::string> uidai_certificates;  ///< PEM files whose keys sign Aadhaar QR codes and offline e-KYC
  std::vector<std::string> pdf_certificates;    ///< PEM files of authorities or signers of e-Aadhaar and e-PAN
  std::vector<std::string> csca_certificates;   ///< PEM files of countries' signing authorities of electronic passports

  std::string aadhaar_number = "discard";  ///< discard | sealed | vault
  std::int64_t expiry_notice_days = 30;
  std::array<ProviderConfig, 5> providers;  ///< in the order of `providers::kKinds`

  std::string log_level = "INFO";
  std::string log_format = "json";  ///< json | text
  bool access_log = true;
  bool rate_limits = true;
  SecretText sentry_dsn, sendgrid_api_key, twilio_account_sid, twilio_auth_token;
};

/// Reads the file (when `path` is not empty or `authx.toml` exists) and the environment. Reports every fault at once;
/// unknown keys in the file and unknown AUTHX_ variables are faults.
Result<Config> load_config(const std::string& path);

/// One line per setting: variable, present value (secrets as "set" or "unset"), meaning.
std::string describe_config(const Config& config);

}  // namespace authx::app
