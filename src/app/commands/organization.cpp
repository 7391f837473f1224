#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "app/commands.h"
#include "app/commands/storage_command.h"
#include "app/runtime.h"
#include "services/organizations/organizations_api.h"

namespace authx::app {
namespace {

struct Options {
  std::string config, slug, name, domain, email;
};

CLI::App* add(CLI::App& parent, Cli& cli, const char* name, const char* help, const std::shared_ptr<Options>& options,
              StorageAction<Options> action) {
  return add_storage_command<Options>(parent, cli, name, help, options, std::move(action));
}

json::object shown(const organizations::Organization& o) {
  json::object out{{"organization_id", o.id.str()}, {"slug", o.slug}, {"name", o.name}, {"suspended", o.suspended_at.has_value()}};
  if (o.domain) out["domain"] = *o.domain;
  return out;
}

std::string line(const organizations::Organization& o) {
  return fmt::format("{}  {:<20} {}{}{}", o.id.str(), o.slug, o.name, o.domain ? " (" + *o.domain + ")" : "",
                     o.suspended_at ? ", suspended" : "");
}

Result<> create(Cli& cli, const Config&, Storage& s, const Options& o) {
  AX_CHECK(organizations::check_slug(o.slug));
  organizations::Organization wanted;
  wanted.slug = o.slug;
  wanted.name = o.name;
  if (!o.domain.empty()) {
    AX_CHECK(organizations::check_domain(o.domain));
    wanted.domain = o.domain;
  }
  AX_TRY(const auto made, s.database->write([&](db::Tx& tx) -> Result<organizations::Organization> {
    AX_TRY(auto out, organizations::create(tx, s.clock.now(), wanted, std::nullopt));
    AX_CHECK(s.audit->append(tx, {std::nullopt, "organization.created_by_operator", json::serialize(shown(out)), nullptr}));
    return out;
  }));
  cli.print(line(made), shown(made));
  return {};
}

Result<> list(Cli& cli, const Config&, Storage& s, const Options&) {
  AX_TRY(const auto found, s.database->read([](db::Tx& tx) { return organizations::list(tx, std::nullopt, 1000); }));
  std::string text;
  json::array all;
  for (const auto& o : found) {
    text += line(o) + "\n";
    all.push_back(shown(o));
  }
  cli.print(text, all);
  return {};
}

Result<> rename(Cli& cli, const Config&, Storage& s, const Options& o) {
  if (!o.domain.empty()) AX_CHECK(organizations::check_domain(o.domain));
  AX_TRY(const auto changed, s.database->write([&](db::Tx& tx) -> Result<organizations::Organization> {
    AX_TRY(const auto before, organizations::find(tx, o.slug));
    auto after = before;
    after.name = o.name;
    if (!o.domain.empty()) after.domain = o.domain;
    AX_CHECK(organizations::rename(tx, after));
    const json::object what{{"before", shown(before)}, {"after", shown(after)}};
    AX_CHECK(s.audit->append(tx, {std::nullopt, "organization.changed_by_operator", json::serialize(what), nullptr}));
    return after;
  }));
  cli.print(line(changed), shown(changed));
  return {};
}

Result<> set_suspended(Cli& cli, const Config& config, Storage& s, const Options& o, bool suspended) {
  OperatorSessions sessions{config, s};
  AX_TRY(const auto changed, s.database->write([&](db::Tx& tx) -> Result<organizations::Organization> {
    AX_TRY(auto it, organizations::find(tx, o.slug));
    it.suspended_at.reset();
    if (suspended) it.suspended_at = s.clock.now();
    AX_CHECK(organizations::suspend(tx, it.id, it.suspended_at));
    if (suspended) {
      const auto home = tx.scope();
      tx.enter(it.id);
      AX_CHECK((*sessions).revoke_tenant(tx, it.id, "organization_suspended"));
      tx.enter(home);
    }
    AX_CHECK(s.audit->append(tx, {std::nullopt, suspended ? "organization.suspended_by_operator" : "organization.resumed_by_operator",
                                  json::serialize(shown(it)), nullptr}));
    return it;
  }));
  cli.print(line(changed), shown(changed));
  return {};
}

Result<> administrator(Cli& cli, const Config& config, Storage& s, const Options& o) {
  http::Email email;
  http::Faults faults;
  http::Codec<http::Email>::parse(json::value(json::string_view{o.email}), email, "--email", faults);
  if (!faults.empty()) return Error::invalid(faults.take());
  AX_TRY(const auto made, s.database->write([&](db::Tx& tx) -> Result<organizations::NewAdministrator> {
    AX_TRY(const auto where, organizations::find(tx, o.slug));
    AX_TRY(auto out, organizations::make_administrator(tx, *s.keyring, s.clock.now(), where.id, o.name, email.value));
    AX_CHECK(s.audit->append(tx, {out.id, "organization.administrator_created_by_operator",
                                  json::serialize(json::object{{"organization_id", where.id.str()}, {"user_id", out.id.str()}}), nullptr}));
    return out;
  }));
  const auto link = config.public_url + "/setup-password#token=" + made.token.expose();
  cli.print(fmt::format("{}\nSet the password at (shown once): {}", made.id.str(), link),
            json::object{{"id", made.id.str()}, {"setup_link", link}});
  return {};
}

}  // namespace

void add_organization_commands(CLI::App& root, Cli& cli) {
  const auto options = std::make_shared<Options>();
  auto* group = root.add_subcommand("organization", "Organisations, whose people and data are kept apart")->require_subcommand(1);
  auto* made = add(*group, cli, "create", "Make an organisation", options, &create);
  add(*group, cli, "list", "Organisations, newest first", options, &list);
  auto* renamed = add(*group, cli, "rename", "Give an organisation another name, or another host too", options, &rename);
  auto* suspended = add(*group, cli, "suspend", "Refuse everyone of an organisation; running servers follow within seconds", options,
                        [](Cli& c, const Config& config, Storage& s, const Options& o) { return set_suspended(c, config, s, o, true); });
  auto* resumed = add(*group, cli, "resume", "Let a suspended organisation go on", options,
                      [](Cli& c, const Config& config, Storage& s, const Options& o) { return set_suspended(c, config, s, o, false); });
  auto* first = add(*group, cli, "administrator", "Make an administrator of an organisation", options, &administrator);
  for (auto* command : {made, renamed, suspended, resumed, first})
    command->add_option("slug", options->slug, "Names the organisation in the X-Organization header")->required();
  for (auto* command : {made, renamed, first}) command->add_option("--name", options->name)->required();
  for (auto* command : {made, renamed}) command->add_option("--domain", options->domain, "Host whose requests are for it");
  first->add_option("--email", options->email)->required();
}

}  // namespace authx::app
