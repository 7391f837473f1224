#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

#include "app/commands.h"
#include "app/commands/storage_command.h"
#include "app/runtime.h"
#include "crypto/hash.h"
#include "services/auth/account_service.h"
#include "services/auth/breached_list.h"
#include "services/notifications/outbox.h"
#include "services/organizations/organizations.h"

namespace authx::app {
namespace {

struct Options {
  std::string config, email, name, role = "user", id, status, list, out, organization = "default";
  std::size_t limit = 20;
};

CLI::App* add(CLI::App& parent, Cli& cli, const char* name, const char* help, const std::shared_ptr<Options>& options,
              StorageAction<Options> action) {
  return add_storage_command<Options>(parent, cli, name, help, options, std::move(action));
}

json::string_view js(std::string_view s) { return {s.data(), s.size()}; }

Result<> migrate(Cli& cli, const Config&, Storage& s, const Options&) {
  AX_TRY(const int applied, db::migrate(*s.database));
  AX_TRY(const int version, db::schema_version(*s.database));
  cli.print(fmt::format("Schema version {}; {} migration(s) applied now", version, applied),
            json::object{{"version", version}, {"applied", applied}});
  return {};
}

Result<> user_create(Cli& cli, const Config& config, Storage& s, const Options& o) {
  const auto role = http::parse_role(o.role);
  if (!role) return Error::invalid("--role", "must be user, verifier, auditor or admin");
  const json::value email(json::string_view{o.email});
  http::Email parsed;
  http::Faults faults;
  http::Codec<http::Email>::parse(email, parsed, "--email", faults);
  if (!faults.empty()) return Error::invalid(faults.take());
  const auto password = crypto::random_password();
  users::NewUser user;
  user.name = o.name;
  user.email = parsed.value;
  user.role = *role;
  AX_TRY(user.password_hash, crypto::hash_password(password, {static_cast<std::uint32_t>(config.argon2_memory_kib),
                                                              static_cast<std::uint32_t>(config.argon2_passes)}));
  AX_TRY(const auto tenant, organizations::resolve(*s.database, o.organization));
  auto id = s.database->write(tenant, [&](db::Tx& tx) -> Result<Uuid> {
    AX_TRY(const auto created, users::create(tx, *s.keyring, s.clock.now(), user));
    AX_CHECK(s.audit->append(tx, {created, "user.created_by_operator", json::serialize(json::object{{"role", o.role}}), nullptr}));
    return created;
  });
  if (!id && id.error().code == Errc::conflict) return Error::invalid("--email", "has an account already");
  AX_CHECK(id);
  cli.print(fmt::format("Created {} ({})\nPassword (shown once): {}", id->str(), o.role, password),
            json::object{{"id", id->str()}, {"role", o.role}, {"password", password}});
  return {};
}

Result<> user_status(Cli& cli, const Config& config, Storage& s, const Options& o) {
  const auto id = Uuid::parse(o.id);
  if (!id) return Error::invalid("--id", "must be an id");
  if (o.status != "active" && o.status != "locked" && o.status != "disabled")
    return Error::invalid("status", "must be active, locked or disabled");
  OperatorSessions sessions{config, s};
  AX_CHECK(s.database->write([&](db::Tx& tx) -> Result<> {
    AX_TRY(const auto user, users::get(tx, *s.keyring, *id));
    tx.enter(user.tenant);
    AX_CHECK(auth::AccountService::set_status(tx, *sessions, *id, o.status, "operator", s.clock.now()));
    return s.audit->append(tx, {id, "user.status_changed_by_operator", json::serialize(json::object{{"after", o.status}}), nullptr});
  }));
  cli.print(fmt::format("{} is {}", o.id, o.status), json::object{{"id", o.id}, {"status", o.status}});
  return {};
}

Result<> breached_build(Cli& cli, const std::string& list, const std::string& out) {
  AX_TRY(const auto entries, auth::BreachedList::build(list, out));
  cli.print(fmt::format("{} entries in {}", entries, out), json::object{{"entries", entries}, {"file", out}});
  return {};
}

Result<> user_list(Cli& cli, const Config&, Storage& s, const Options& o) {
  AX_TRY(const auto tenant, organizations::resolve(*s.database, o.organization));
  AX_TRY(const auto found, s.database->write(tenant, [&](db::Tx& tx) -> Result<std::vector<users::User>> {
    AX_TRY(const auto ids, users::list(tx, std::nullopt, o.limit));
    std::vector<users::User> out;
    for (const auto& id : ids) {
      AX_TRY(auto user, users::get(tx, *s.keyring, id));
      out.push_back(std::move(user));
    }
    AX_CHECK(s.audit->append(tx, {std::nullopt, "user.listed_by_operator", "{}", nullptr}));
    return out;
  }));
  std::string text;
  json::array list;
  for (const auto& u : found) {
    std::string roles{http::to_string(u.role)};
    json::array more;
    for (const auto& role : u.more_roles) {
      roles += " " + role;
      more.push_back(json::value(json::string{role}));
    }
    text += fmt::format("{}  {:<9} {:<30} {}\n", u.id.str(), roles, u.email, u.name);
    list.push_back({{"id", u.id.str()}, {"role", js(http::to_string(u.role))}, {"more_roles", more}, {"email", u.email}, {"name", u.name}});
  }
  cli.print(text, list);
  return {};
}

Result<> audit_verify(Cli& cli, const Config&, Storage& s, const Options&) {
  AX_TRY(const auto report, s.audit->verify(*s.database, s.checkpoint_file));
  json::object out{{"intact", report.intact}, {"entries", report.entries}};
  if (!report.intact) {
    out["problem"] = report.problem;
    out["first_bad"] = *report.first_bad;
    cli.exit = Exit::negative;
  }
  cli.print(report.intact ? fmt::format("The audit log is intact: {} entries", report.entries)
                          : fmt::format("The audit log was tampered with, at entry {}: {}", *report.first_bad, report.problem),
            out);
  return {};
}

Result<> outbox(Cli& cli, const Config&, Storage& s, const Options& o) {
  AX_TRY(const auto tenant, organizations::resolve(*s.database, o.organization));
  AX_TRY(const auto messages, s.database->write(tenant, [&](db::Tx& tx) -> Result<std::vector<notifications::Message>> {
    AX_TRY(auto list, notifications::list(tx, *s.keyring, std::nullopt, o.limit));
    AX_CHECK(s.audit->append(tx, {std::nullopt, "outbox.read_by_operator", "{}", nullptr}));
    return list;
  }));
  std::string text;
  json::array list;
  for (const auto& m : messages) {
    text += fmt::format("{}  {}  {}\n  {}\n  {}\n", format_time(m.created_at), m.channel, m.recipient, m.subject, m.body);
    list.push_back({{"id", m.id.str()},
                    {"channel", m.channel},
                    {"recipient", m.recipient},
                    {"subject", m.subject},
                    {"body", m.body},
                    {"created_at", format_time(m.created_at)}});
  }
  cli.print(text.empty() ? "The outbox is empty" : text, list);
  return {};
}

}  // namespace

void add_storage_commands(CLI::App& root, Cli& cli) {
  const auto options = std::make_shared<Options>();
  add(root, cli, "migrate", "Bring the database's schema up to date", options, &migrate);

  auto* user = root.add_subcommand("user", "Accounts, from the operator's side")->require_subcommand(1);
  auto* create = add(*user, cli, "create", "Create an account with a random password", options, &user_create);
  create->add_option("--email", options->email)->required();
  create->add_option("--name", options->name)->required();
  create->add_option("--role", options->role, "user, verifier, auditor or admin")->capture_default_str();
  auto* list = add(*user, cli, "list", "Newest accounts", options, &user_list);
  list->add_option("--limit", options->limit)->capture_default_str();

  auto* status =
      add(*user, cli, "status", "Lock, disable or activate an account; running servers follow within seconds", options, &user_status);
  status->add_option("status", options->status, "active, locked or disabled")->required();
  status->add_option("--id", options->id)->required();

  auto* auth = root.add_subcommand("auth", "Authentication")->require_subcommand(1);
  auto* breached = auth->add_subcommand("breached-list", "Passwords that are refused")->require_subcommand(1);
  auto* build =
      breached->add_subcommand("build", "Make the file of AUTHX_BREACHED_LIST from a list of passwords or SHA-1 hashes, one a line");
  build->add_option("list", options->list)->required();
  build->add_option("--out", options->out)->required();
  build->callback([&cli, options] {
    if (auto done = breached_build(cli, options->list, options->out); !done) cli.fail(done.error());
  });

  auto* audit = root.add_subcommand("audit", "The tamper-evident log")->require_subcommand(1);
  add(*audit, cli, "verify", "Check every entry; exit code 1 when the log was altered, cut or extended", options, &audit_verify);

  auto* messages = add(root, cli, "outbox", "Messages kept because no provider is configured", options, &outbox);
  messages->add_option("--limit", options->limit)->capture_default_str();
  for (auto* command : {create, list, messages})
    command->add_option("--organization", options->organization, "Slug of the organisation")->capture_default_str();

  auto* decision = root.add_subcommand("decision", "Decisions")->require_subcommand(1);
  auto* replay = decision->add_subcommand("replay", "Recompute a decision from its stored inputs; exit code 1 when it differs");
  replay->add_option("id", options->id, "Verification id")->required();
  replay->add_option("--config", options->config, "TOML file");
  replay->callback([&cli, options] {
    auto run = [&]() -> Result<> {
      AX_TRY(auto config, load_config(options->config));
      const auto id = Uuid::parse(options->id);
      if (!id) return Error::invalid("id", "must be a UUID");
      AX_TRY(const auto runtime, Runtime::create(std::move(config)));
      AX_TRY(const auto replayed, runtime->verifications->replay(*id));
      if (!replayed.same) cli.exit = Exit::negative;
      cli.print(fmt::format("Rules {}: the recomputed decision is {}\n{}", replayed.policy_version,
                            replayed.same ? "the same" : "DIFFERENT", replayed.recomputed),
                json::object{{"same", replayed.same},
                             {"policy", replayed.policy_version},
                             {"stored", json::parse(replayed.stored)},
                             {"recomputed", json::parse(replayed.recomputed)}});
      return {};
    };
    if (auto done = run(); !done) cli.fail(done.error());
  });
}

}  // namespace authx::app
