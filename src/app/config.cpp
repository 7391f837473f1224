#include "app/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <variant>

#include "crypto/jws.h"
#include "http/networks.h"

namespace authx::app {
namespace {

using Target =
    std::variant<std::string Config::*, std::int64_t Config::*, bool Config::*, std::vector<std::string> Config::*, SecretText Config::*>;
using ProviderTarget =
    std::variant<std::string ProviderConfig::*, std::int64_t ProviderConfig::*, bool ProviderConfig::*, SecretText ProviderConfig::*>;

struct Setting {
  std::string name;
  Target target;
  std::string help;
  std::int64_t min = 0, max = 0;
  std::optional<std::size_t> provider{};  ///< then `provider_target` instead of `target`
  ProviderTarget provider_target{};
};

constexpr std::array<std::string_view, 5> kProviders{"AADHAAR", "PAN", "DRIVING_LICENSE", "VOTER_ID", "PASSPORT"};

void add_provider_settings(std::vector<Setting>& table) {
  for (std::size_t i = 0; i < kProviders.size(); ++i) {
    const auto add = [&](const char* name, ProviderTarget target, const char* help, std::int64_t min = 0, std::int64_t max = 0) {
      table.push_back({fmt::format("AUTHX_PROVIDER_{}_{}", kProviders[i], name), {}, help, min, max, i, target});
    };
    add("URL", &ProviderConfig::url, "where its number is looked up; empty: not at all");
    add("SCHEME", &ProviderConfig::scheme, "hmac, jws, bearer, oauth2, or none (client certificate alone)");
    add("KEY_ID", &ProviderConfig::key_id, "client id, or the key's name");
    add("KEY", &ProviderConfig::key, "secret, or the PEM private key of jws");
    add("TOKEN_URL", &ProviderConfig::token_url, "of oauth2");
    add("CA", &ProviderConfig::ca, "PEM authorities instead of the system's");
    add("CLIENT_CERT", &ProviderConfig::client_certificate, "PEM certificate for mutual TLS");
    add("CLIENT_KEY", &ProviderConfig::client_key, "its PEM key");
    add("ANSWER_KEY", &ProviderConfig::answer_key, "PEM public key that signs the answers");
    add("TIMEOUT_MS", &ProviderConfig::timeout_ms, "of one try", 100, 120'000);
    add("ALLOW_PRIVATE", &ProviderConfig::allow_private, "the address may be private");
  }
}

/// Calls `use` with the member of the configuration that the setting names.
template <class C, class F>
auto with_member(C& config, const Setting& setting, F use) {
  if (setting.provider)
    return std::visit([&](auto member) { return use(config.providers[*setting.provider].*member); }, setting.provider_target);
  return std::visit([&](auto member) { return use(config.*member); }, setting.target);
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = [] {
    std::vector<Setting> all{
        {"AUTHX_DATA_DIR", &Config::data_dir, "folder of database, objects, keys"},
        {"AUTHX_HOST", &Config::host, "address to listen on"},
        {"AUTHX_PORT", &Config::port, "port to listen on; 0 lets the kernel choose", 0, 65535},
        {"AUTHX_THREADS", &Config::threads, "I/O threads; 0 means one per core", 0, 256},
        {"AUTHX_PUBLIC_URL", &Config::public_url, "how users reach this server, for links in messages"},
        {"AUTHX_WEB_DIR", &Config::web_dir, "folder of the built web page"},
        {"AUTHX_TLS_CERTIFICATE", &Config::tls_certificate, "PEM certificate chain; with it the server speaks TLS 1.3"},
        {"AUTHX_TLS_KEY", &Config::tls_key, "PEM private key"},
        {"AUTHX_CORS_ORIGINS", &Config::cors_origins, "origins that browsers may call from, comma-separated"},
        {"AUTHX_TRUSTED_PROXIES", &Config::trusted_proxies,
         "addresses and ranges (10.0.0.0/8) whose X-Forwarded-For counts, comma-separated"},
        {"AUTHX_SERVICES", &Config::services, "modules to serve, comma-separated; empty means all"},
        {"DATABASE_URL", &Config::database_url, "sqlite:///file or postgresql://…; empty means SQLite in the data folder"},
        {"AUTHX_DATABASE_CONNECTIONS", &Config::database_connections, "PostgreSQL connections or SQLite readers", 1, 200},
        {"UPLOAD_DIR", &Config::upload_dir, "folder of sealed objects"},
        {"MAX_FILE_SIZE", &Config::max_file_size, "bytes of one uploaded file", 1024, 100 * 1024 * 1024},
        {"SECRET_KEY", &Config::secret_key, "derive all keys from this (32 characters or more) instead of from the key file"},
        {"JWT_SECRET_KEY", &Config::jwt_secret_key, "key of access tokens (32 characters or more); empty derives one"},
        {"JWT_ALGORITHM", &Config::jwt_algorithm,
         "what signs access tokens: HS256 with the key above; ES256, EdDSA or RS256 with published keys that rotate"},
        {"JWT_EXPIRE_MINUTES", &Config::jwt_expire_minutes, "lifetime of access tokens", 1, 24 * 60},
        {"AUTHX_SESSION_IDLE_HOURS", &Config::session_idle_hours, "a session that is not used for so long ends", 1, 24 * 365},
        {"AUTHX_SESSION_HOURS", &Config::session_hours, "how long a session lives, used or not", 1, 24 * 365},
        {"AUTHX_OAUTH_ALGORITHM", &Config::oauth_algorithm, "what signs OAuth access tokens: ES256, EdDSA or RS256"},
        {"AUTHX_OAUTH_ACCESS_MINUTES", &Config::oauth_access_minutes, "lifetime of OAuth access tokens", 1, 60},
        {"AUTHX_SIGNING_KEY_DAYS", &Config::signing_key_days, "how long a key signs before its successor does", 2, 3650},
        {"AUTHX_OAUTH_PRIVATE_PEERS", &Config::oauth_private_peers,
         "back-channel logout and sign-in through outside providers may go to private addresses"},
        {"AUTHX_ARGON2_MEMORY_KIB", &Config::argon2_memory_kib, "memory of one password hash", 7 * 1024, 1024 * 1024},
        {"AUTHX_ARGON2_PASSES", &Config::argon2_passes, "passes of one password hash", 1, 20},
        {"AUTHX_PASSWORD_BITS", &Config::password_bits, "least bits of guessing that a new password must cost (zxcvbn)", 0, 80},
        {"AUTHX_BREACHED_LIST", &Config::breached_list, "file of `authx auth breached-list build`: passwords that are refused"},
        {"AUTHX_GEOIP_DATABASE", &Config::geoip_database, "file in MaxMind's format with cities: sign-ins too far apart are noticed"},
        {"AUTHX_REQUIRED_AAL", &Config::required_aal, "assurance that a role's permissions need, as admin=2,verifier=2"},
        {"AUTHX_PASSKEY_DOMAIN", &Config::passkey_domain, "relying party id of passkeys; empty: the public URL's host"},
        {"AUTHX_PASSKEY_ORIGINS", &Config::passkey_origins, "further origins that may use its passkeys, comma-separated"},
        {"AUTHX_PASSKEY_ATTESTATION", &Config::passkey_attestation,
         "none; optional: makers' certificates are asked for and noted; trusted: only passkeys that a root below vouches for"},
        {"AUTHX_PASSKEY_ROOTS", &Config::passkey_roots, "folder of PEM files with makers' root certificates"},
        {"AUTHX_ADMIN_EMAIL", &Config::admin_email, "address of the first administrator"},
        {"FACE_MODEL_PATH", &Config::face_model_path, "folder of a face model pack (open, buffalo_l)"},
        {"AUTHX_DEFAULT_MODEL_PATH", &Config::default_model_path, "folder of the default model pack"},
        {"FACE_SHADOW_MODEL_PATH", &Config::face_shadow_model_path,
         "folder of a second pack that looks on at captures and comparisons: metrics and log only"},
        {"AUTHX_DUPLICATE_FACES", &Config::duplicate_faces, "review, or note: a face that another account is enrolled with"},
        {"AUTHX_BLOCKLIST", &Config::blocklist, "review, or reject: a face on a blocklist"},
        {"AUTHX_FACE_PORTRAIT_YEARS", &Config::face_portrait_years,
         "from which age on, by its document's date of issue, a portrait counts as old; 0 means never", 0, 50},
        {"OCR_LANGUAGE", &Config::ocr_language, "Tesseract languages"},
        {"AUTHX_LIVENESS", &Config::liveness_policy,
         "basic; strict: no approval without a liveness model or live check; active: none without a live check"},
        {"AUTHX_LIVE_CHECK_LIGHTS", &Config::live_check_lights,
         "required: a live check without coloured light needs a person's decision; optional: it counts as much; off: none has light"},
        {"AUTHX_BIOMETRIC_TEMPLATES", &Config::biometric_templates,
         "sealed: full templates are kept sealed; protected: only renewable references, which match less well"},
        {"AUTHX_AADHAAR_NUMBER", &Config::aadhaar_number, "what becomes of a whole Aadhaar number: discard, sealed or vault"},
        {"AUTHX_EXPIRY_NOTICE_DAYS", &Config::expiry_notice_days, "how long before its end a document's owner is told", 0, 3650},
        {"AUTHX_SPECIMENS", &Config::specimens, "note, or refuse: documents marked SPECIMEN and published specimen numbers"},
        {"AUTHX_UIDAI_CERTIFICATES", &Config::uidai_certificates,
         "PEM files whose keys sign Aadhaar QR codes and offline e-KYC, comma-separated"},
        {"AUTHX_PDF_CERTIFICATES", &Config::pdf_certificates,
         "PEM files of signers of e-Aadhaar and e-PAN, or of authorities above them, comma-separated"},
        {"AUTHX_CSCA_CERTIFICATES", &Config::csca_certificates,
         "PEM files of countries' signing authorities of electronic passports, comma-separated"},
        {"LOG_LEVEL", &Config::log_level, "DEBUG, INFO, WARNING or ERROR"},
        {"AUTHX_LOG_FORMAT", &Config::log_format, "json or text"},
        {"AUTHX_ACCESS_LOG", &Config::access_log, "one log line per request"},
        {"AUTHX_RATE_LIMITS", &Config::rate_limits, "limit requests per address"},
        {"SENTRY_DSN", &Config::sentry_dsn, "error tracking"},
        {"SENDGRID_API_KEY", &Config::sendgrid_api_key, "e-mail provider"},
        {"TWILIO_ACCOUNT_SID", &Config::twilio_account_sid, "SMS provider"},
        {"TWILIO_AUTH_TOKEN", &Config::twilio_auth_token, "SMS provider"},
    };
    add_provider_settings(all);
    return all;
  }();
  return table;
}

std::string lower(std::string_view s) {
  std::string out{s};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) out.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return out;
}

void assign(Config& config, const Setting& setting, const std::string& text, std::vector<Fault>& faults) {
  with_member(config, setting, [&](auto& member) {
    using M = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::is_same_v<M, std::string>) {
      member = text;
    } else if constexpr (std::is_same_v<M, std::int64_t>) {
      std::int64_t value = 0;
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (ec != std::errc{} || end != text.data() + text.size() || value < setting.min || value > setting.max)
        faults.push_back({setting.name, fmt::format("must be a whole number from {} to {}", setting.min, setting.max)});
      else
        member = value;
    } else if constexpr (std::is_same_v<M, bool>) {
      if (text == "true" || text == "1")
        member = true;
      else if (text == "false" || text == "0")
        member = false;
      else
        faults.push_back({setting.name, "must be true or false"});
    } else if constexpr (std::is_same_v<M, std::vector<std::string>>) {
      member = split(text);
    } else {
      member = SecretText{text};
    }
  });
}

void check(const Config& c, std::vector<Fault>& faults) {
  if (!crypto::parse_jws_algorithm(c.oauth_algorithm)) faults.push_back({"AUTHX_OAUTH_ALGORITHM", "must be ES256, EdDSA or RS256"});
  if (c.jwt_algorithm != "HS256" && !crypto::parse_jws_algorithm(c.jwt_algorithm))
    faults.push_back({"JWT_ALGORITHM", "must be HS256, ES256, EdDSA or RS256"});
  for (const auto& [name, secret] : {std::pair{"SECRET_KEY", &c.secret_key}, std::pair{"JWT_SECRET_KEY", &c.jwt_secret_key}})
    if (!secret->empty() && secret->expose().size() < 32) faults.push_back({name, "must have at least 32 characters"});
  if (c.passkey_attestation != "none" && c.passkey_attestation != "optional" && c.passkey_attestation != "trusted")
    faults.push_back({"AUTHX_PASSKEY_ATTESTATION", "must be none, optional or trusted"});
  if (c.passkey_attestation == "trusted" && c.passkey_roots.empty())
    faults.push_back({"AUTHX_PASSKEY_ROOTS", "is needed to trust any maker"});
  if (c.tls_certificate.empty() != c.tls_key.empty())
    faults.push_back({"AUTHX_TLS_CERTIFICATE", "needs AUTHX_TLS_KEY, and the other way round"});
  if (c.liveness_policy != "basic" && c.liveness_policy != "strict" && c.liveness_policy != "active")
    faults.push_back({"AUTHX_LIVENESS", "must be basic, strict or active"});
  if (c.live_check_lights != "required" && c.live_check_lights != "optional" && c.live_check_lights != "off")
    faults.push_back({"AUTHX_LIVE_CHECK_LIGHTS", "must be required, optional or off"});
  if (c.biometric_templates != "sealed" && c.biometric_templates != "protected")
    faults.push_back({"AUTHX_BIOMETRIC_TEMPLATES", "must be sealed or protected"});
  if (c.aadhaar_number != "discard" && c.aadhaar_number != "sealed" && c.aadhaar_number != "vault")
    faults.push_back({"AUTHX_AADHAAR_NUMBER", "must be discard, sealed or vault"});
  if (c.specimens != "note" && c.specimens != "refuse") faults.push_back({"AUTHX_SPECIMENS", "must be note or refuse"});
  if (c.duplicate_faces != "review" && c.duplicate_faces != "note") faults.push_back({"AUTHX_DUPLICATE_FACES", "must be review or note"});
  if (c.blocklist != "review" && c.blocklist != "reject") faults.push_back({"AUTHX_BLOCKLIST", "must be review or reject"});
  if (c.log_format != "json" && c.log_format != "text") faults.push_back({"AUTHX_LOG_FORMAT", "must be json or text"});
  if (c.log_level != "DEBUG" && c.log_level != "INFO" && c.log_level != "WARNING" && c.log_level != "ERROR")
    faults.push_back({"LOG_LEVEL", "must be DEBUG, INFO, WARNING or ERROR"});
  if (const auto proxies = http::Networks::parse(c.trusted_proxies); !proxies)
    faults.push_back({"AUTHX_TRUSTED_PROXIES", proxies.error().faults.front().reason});
  for (const auto& pair : c.required_aal) {
    const auto eq = pair.find('=');
    static const std::set<std::string> roles{"user", "verifier", "auditor", "admin"};
    if (eq == std::string::npos || !roles.contains(pair.substr(0, eq)) || pair.size() != eq + 2 || pair.back() < '1' || pair.back() > '3')
      faults.push_back({"AUTHX_REQUIRED_AAL", "must be role=1, role=2 or role=3, comma-separated"});
  }
  for (const auto& module : split(c.services)) {
    static const std::set<std::string> known{"auth", "documents", "faces", "biometrics", "verifications", "admin"};
    if (!known.contains(module)) faults.push_back({"AUTHX_SERVICES", "unknown module " + module});
  }
}

}  // namespace

Result<Config> load_config(const std::string& path) {
  Config config;
  std::vector<Fault> faults;
  const std::string file = path.empty() && std::filesystem::exists("authx.toml") ? "authx.toml" : path;
  config.file = file;
  if (!file.empty()) {
    try {
      const auto table = toml::parse_file(file);
      for (const auto& [key, value] : table) {
        const auto& all = settings();
        const auto known = std::ranges::find_if(all, [&](const Setting& s) { return lower(s.name) == key.str(); });
        if (known == all.end()) {
          faults.push_back({std::string{key.str()}, "unknown setting in " + file});
          continue;
        }
        if (const auto text = value.value<std::string>(); value.is_string() && text)
          assign(config, *known, *text, faults);
        else if (const auto integer = value.value<std::int64_t>(); value.is_integer() && integer)
          assign(config, *known, std::to_string(*integer), faults);
        else if (const auto flag = value.value<bool>(); value.is_boolean() && flag)
          assign(config, *known, *flag ? "true" : "false", faults);
        else
          faults.push_back({std::string{key.str()}, "must be a string, a number or a boolean"});
      }
    } catch (const toml::parse_error& e) {
      faults.push_back({file, std::string{e.description()}});
    }
  }
  for (const auto& setting : settings()) {
    if (const char* value = ::getenv(setting.name.c_str()); value != nullptr && *value != '\0') assign(config, setting, value, faults);
    const auto from_file = setting.name + "_FILE";
    if (const char* name = ::getenv(from_file.c_str()); name != nullptr && *name != '\0') {
      std::ifstream in{name};
      std::string text{std::istreambuf_iterator<char>{in}, {}};
      while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
      if (!in)
        faults.push_back({from_file, "cannot be read"});
      else
        assign(config, setting, text, faults);
    }
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair{*entry};
    if (!pair.starts_with("AUTHX_") || pair.starts_with("AUTHX_TEST_") || pair.starts_with("AUTHX_SHARED_")) continue;
    auto name = pair.substr(0, pair.find('='));
    if (name.ends_with("_FILE")) name.remove_suffix(5);
    if (std::ranges::none_of(settings(), [&](const Setting& s) { return name == s.name; }))
      faults.push_back({std::string{name}, "unknown setting"});
  }
  check(config, faults);
  if (!faults.empty()) {
    Error error = Error::invalid(std::move(faults));
    error.message = "The configuration is not valid";
    return error;
  }
  if (config.public_url.empty())
    config.public_url = fmt::format("{}://localhost:{}", config.tls_certificate.empty() ? "http" : "https", config.port);
  if (config.upload_dir.empty()) config.upload_dir = config.data_dir + "/objects";
  return config;
}

std::string describe_config(const Config& config) {
  std::string out;
  for (const auto& setting : settings()) {
    const auto value = with_member(config, setting, [](const auto& member) -> std::string {
      using M = std::remove_cvref_t<decltype(member)>;
      if constexpr (std::is_same_v<M, std::string>)
        return member.find('\n') == std::string::npos ? member : "(set)";  // PEM
      else if constexpr (std::is_same_v<M, std::int64_t>)
        return std::to_string(member);
      else if constexpr (std::is_same_v<M, bool>)
        return member ? "true" : "false";
      else if constexpr (std::is_same_v<M, std::vector<std::string>>)
        return fmt::format("{}", fmt::join(member, ","));
      else
        return member.empty() ? "(unset)" : "(set)";
    });
    out += fmt::format("{:<28} {:<34} {}\n", setting.name, value, setting.help);
  }
  return out;
}

}  // namespace authx::app
