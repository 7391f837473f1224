#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/runtime.h"

namespace authx::app {
namespace {

namespace fs = std::filesystem;

struct Check {
  std::string name;
  enum class State { ok, warning, failed } state;
  std::string finding, mend;
};

class Report {
 public:
  void ok(std::string name, std::string finding) { list_.push_back({std::move(name), Check::State::ok, std::move(finding), {}}); }
  void warn(std::string name, std::string finding, std::string mend) {
    list_.push_back({std::move(name), Check::State::warning, std::move(finding), std::move(mend)});
  }
  void fail(std::string name, std::string finding, std::string mend) {
    list_.push_back({std::move(name), Check::State::failed, std::move(finding), std::move(mend)});
  }
  void print(Cli& cli) const {
    std::string text;
    json::array out;
    for (const auto& c : list_) {
      const char* word = c.state == Check::State::ok ? "ok" : c.state == Check::State::warning ? "warning" : "failed";
      if (c.state == Check::State::failed) cli.exit = Exit::unavailable;
      text += fmt::format("[{:<7}] {}: {}\n", word, c.name, c.finding);
      if (!c.mend.empty()) text += fmt::format("          -> {}\n", c.mend);
      out.push_back({{"check", c.name}, {"state", word}, {"finding", c.finding}, {"mend", c.mend}});
    }
    cli.print(text, out);
  }

 private:
  std::vector<Check> list_;
};

std::string said(const Error& error) { return error.detail.empty() ? std::string{to_string(error.code)} : error.detail; }

void check_ocr(Report& report, const Config& config) {
  std::vector<std::string> folders{"/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata"};
  if (const char* prefix = ::getenv("TESSDATA_PREFIX")) folders.insert(folders.begin(), prefix);
  std::string missing;
  for (std::size_t at = 0; at <= config.ocr_language.size();) {
    const auto plus = config.ocr_language.find('+', at);
    const auto language = config.ocr_language.substr(at, plus == std::string::npos ? plus : plus - at);
    bool found = false;
    for (const auto& folder : folders) found = found || fs::exists(fs::path{folder} / fmt::format("{}.traineddata", language));
    if (!found) missing += (missing.empty() ? "" : ", ") + language;
    if (plus == std::string::npos) break;
    at = plus + 1;
  }
  if (missing.empty())
    report.ok("OCR language data", config.ocr_language);
  else
    report.fail("OCR language data", "missing: " + missing, "apt-get install tesseract-ocr-" + missing);
}

/// PostgreSQL's row-level policies hold nobody who may pass them.
void check_policies(Report& report, db::Database& database) {
  if (database.dialect() != db::Dialect::postgres) return;
  static constexpr db::Query role{"doctor.role", "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"};
  const auto rows = database.read([](db::Tx& tx) { return tx.exec(role); });
  if (rows && !rows->empty() && !rows->front().boolean(0))
    report.ok("row-level policies", "hold the database role");
  else
    report.warn("row-level policies", "the database role passes them: it is a superuser or has BYPASSRLS",
                "connect as a role of its own that owns the database, without these rights");
}

void run(Cli& cli, const std::string& path) {
  Report report;
  auto config = load_config(path);
  if (!config) {
    std::string faults;
    for (const auto& fault : config.error().faults) faults += fault.field + " " + fault.reason + "; ";
    report.fail("configuration", faults, "mend the settings named; `authx config check` lists all");
    return report.print(cli);
  }
  report.ok("configuration", "valid");
  struct ::statvfs disk{};
  const std::string folder = fs::exists(config->data_dir) ? config->data_dir : ".";
  if (::statvfs(folder.c_str(), &disk) == 0) {
    const double free_gb = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / 1e9;
    if (free_gb < 1)
      report.warn("disk", fmt::format("{:.1f} GB free", free_gb), "make room: uploads are refused when the disk is full");
    else
      report.ok("disk", fmt::format("{:.1f} GB free", free_gb));
  }
  if (auto storage = Storage::open(*config)) {
    report.ok("keys", config->secret_key.empty() ? config->data_dir + "/keys" : "derived from SECRET_KEY");
    if (auto ping = (*storage)->database->ping()) {
      const auto version = db::schema_version(*(*storage)->database);
      if (version && *version > 0)
        report.ok("database", fmt::format("reachable, schema version {}", *version));
      else
        report.warn("database", "reachable, but without a schema", "run `authx migrate`, or `authx serve`, which does it too");
      check_policies(report, *(*storage)->database);
    } else {
      report.fail("database", said(ping.error()), "start the database server, or mend DATABASE_URL");
    }
  } else {
    report.fail("storage", said(storage.error()),
                "check DATABASE_URL, and that the data folder and its key file belong to this user with mode 0600");
  }
  if (auto blobs = blob::open_directory(config->upload_dir); blobs && (*blobs)->ping())
    report.ok("object store", config->upload_dir);
  else
    report.fail("object store", config->upload_dir + " cannot be written", "make the folder writable for this user");
  check_ocr(report, *config);
  if (auto engine = load_face_engine(*config)) {
    report.ok("face models", fmt::format("pack {}, embedding {}", (*engine)->pack_name(), (*engine)->embedding_model_id()));
    if (!(*engine)->notice().empty())
      report.warn("face model licence", (*engine)->notice(), "use a pack whose licence fits, see `authx models list`");
    if ((*engine)->pack_name() == "default")
      report.warn("liveness", "the default pack has no liveness model",
                  "install the open pack and set FACE_MODEL_PATH; then set AUTHX_LIVENESS=strict");
  } else {
    report.fail("face models", said(engine.error()), "run `./dev models` to prepare the default pack, or set FACE_MODEL_PATH");
  }
  if (config->web_dir.empty() || !fs::exists(config->web_dir + "/index.html"))
    report.warn("web page", "not built", "run `./dev build`, or set AUTHX_WEB_DIR");
  else
    report.ok("web page", config->web_dir);
  if (config->specimens == "refuse")
    report.ok("specimens", "refused");
  else
    report.warn("specimens", "documents marked SPECIMEN are read like others", "set AUTHX_SPECIMENS=refuse in production");
  if (config->tls_certificate.empty() && config->host != "127.0.0.1" && config->host != "::1")
    report.warn("TLS", "off, while listening on " + config->host,
                "set AUTHX_TLS_CERTIFICATE and AUTHX_TLS_KEY, or put a TLS proxy in front");
  report.print(cli);
}

}  // namespace

void add_doctor_commands(CLI::App& root, Cli& cli) {
  const auto path = std::make_shared<std::string>();
  auto* doctor = root.add_subcommand("doctor", "Check everything that the server depends on, and say how to mend what is missing");
  doctor->add_option("--config", *path, "TOML file");
  doctor->callback([&cli, path] { run(cli, *path); });

  auto* config = root.add_subcommand("config", "Settings")->require_subcommand(1);
  auto* check = config->add_subcommand("check", "Validate the settings and list them");
  check->add_option("--config", *path, "TOML file");
  check->callback([&cli, path] {
    auto loaded = load_config(*path);
    if (!loaded) return cli.fail(loaded.error());
    cli.print(describe_config(*loaded), json::object{{"valid", true}});
  });
}

}  // namespace authx::app
