#include <fmt/format.h>

#include <memory>

#include "app/commands.h"
#include "app/commands/storage_command.h"
#include "services/access/roles.h"
#include "services/organizations/organizations.h"

namespace authx::app {
namespace {

struct Options {
  std::string config, name, description, user, organization = "default";
  std::vector<std::string> permissions;
  int needed_aal = 1;
};

json::object told(const access::Role& role) {
  json::array permissions;
  for (const auto& word : http::words_of(role.permissions)) permissions.push_back(json::value(json::string{word}));
  return {{"name", role.name},
          {"description", role.description},
          {"permissions", std::move(permissions)},
          {"needed_aal", role.needed_aal},
          {"built_in", role.built_in}};
}

std::string line(const access::Role& role) {
  return fmt::format("{:<20} aal{}  {}{}\n", role.name, role.needed_aal, access::joined(http::words_of(role.permissions)),
                     role.built_in ? "  (built in)" : "");
}

Result<access::Role> asked(const Options& o) {
  access::Role out;
  out.name = o.name;
  out.description = o.description;
  AX_TRY(out.permissions, access::known_permissions(o.permissions));
  if (o.needed_aal < 1 || o.needed_aal > 3) return Error::invalid("--needed-aal", "must be 1, 2 or 3");
  out.needed_aal = static_cast<std::uint8_t>(o.needed_aal);
  return out;
}

/// Runs `change` on the roles of the storage and prints what it answers.
template <class F>
Result<> write(Cli& cli, const Config& config, Storage& s, const Options& o, F change) {
  OperatorSessions sessions{config, s};
  access::Roles roles{s.clock, *s.audit, *sessions};
  AX_TRY(const auto tenant, organizations::resolve(*s.database, o.organization));
  AX_TRY(const auto shown, s.database->write(tenant, [&](db::Tx& tx) -> Result<json::object> { return change(tx, roles); }));
  cli.print(json::serialize(shown), shown);
  return {};
}

}  // namespace

void add_role_commands(CLI::App& root, Cli& cli) {
  const auto o = std::make_shared<Options>();
  const auto of_organization = [&o](CLI::App* on) {
    on->add_option("--organization", o->organization, "Whose, by its slug")->capture_default_str();
    return on;
  };
  const auto command = [&](CLI::App& parent, const char* name, const char* help, auto change) {
    return of_organization(add_storage_command<Options>(
        parent, cli, name, help, o, [change](Cli& out, const Config& config, Storage& storage, const Options& in) {
          return write(out, config, storage, in, [&](db::Tx& tx, access::Roles& roles) { return change(tx, roles, in); });
        }));
  };
  const auto operators = access::Granter::the_operator();

  auto* roles = root.add_subcommand("roles", "What may be granted to people beside their account's role")->require_subcommand(1);
  of_organization(add_storage_command<Options>(*roles, cli, "list", "All roles, built-in ones first", o,
                                               [](Cli& out, const Config& config, Storage& s, const Options& in) -> Result<> {
                                                 OperatorSessions sessions{config, s};
                                                 const access::Roles all{s.clock, *s.audit, *sessions};
                                                 AX_TRY(const auto tenant, organizations::resolve(*s.database, in.organization));
                                                 AX_TRY(const auto found,
                                                        s.database->read(tenant, [&](db::Tx& tx) { return all.list(tx); }));
                                                 std::string text;
                                                 json::array items;
                                                 for (const auto& role : found) {
                                                   text += line(role);
                                                   items.push_back(told(role));
                                                 }
                                                 out.print(text, items);
                                                 return {};
                                               }));
  const auto details = [&](CLI::App* on) {
    on->add_option("name", o->name)->required();
    on->add_option("--description", o->description);
    on->add_option("--permission", o->permissions, "A word; may be given again");
    on->add_option("--needed-aal", o->needed_aal, "What its holders must have proved: 1, 2 or 3")->capture_default_str();
  };
  details(command(*roles, "create", "Make a role", [operators](db::Tx& tx, access::Roles& all, const Options& in) -> Result<json::object> {
    AX_TRY(const auto role, asked(in));
    AX_CHECK(all.create(tx, operators, role));
    return told(role);
  }));
  details(command(*roles, "change", "Replace a role's description, permissions and needed level",
                  [operators](db::Tx& tx, access::Roles& all, const Options& in) -> Result<json::object> {
                    AX_TRY(const auto role, asked(in));
                    AX_TRY(const auto changed, all.change(tx, operators, role));
                    return told(changed);
                  }));
  command(*roles, "delete", "Delete a role that nobody holds",
          [operators](db::Tx& tx, access::Roles& all, const Options& in) -> Result<json::object> {
            AX_CHECK(all.remove(tx, operators, in.name));
            return json::object{{"deleted", in.name}};
          })
      ->add_option("name", o->name)
      ->required();

  auto* role = root.get_subcommand("user")->add_subcommand("role", "A person's granted roles")->require_subcommand(1);
  const auto person = [](const Options& in) -> Result<Uuid> {
    const auto id = Uuid::parse(in.user);
    if (!id) return Error::invalid("--id", "must be an id");
    return *id;
  };
  const auto grants = [person](db::Tx& tx, access::Roles& all, const Options& in) -> Result<json::object> {
    AX_TRY(const auto id, person(in));
    AX_TRY(const auto found, all.grants(tx, id));
    json::array items;
    for (const auto& grant : found) items.push_back(json::object{{"role", grant.role}, {"source", grant.source}});
    return json::object{{"id", in.user}, {"roles", std::move(items)}};
  };
  auto* list = command(*role, "list", "What was granted", grants);
  auto* grant = command(*role, "grant", "Grant a role", [=](db::Tx& tx, access::Roles& all, const Options& in) -> Result<json::object> {
    AX_TRY(const auto id, person(in));
    AX_CHECK(all.grant(tx, operators, id, in.name));
    return grants(tx, all, in);
  });
  auto* withdraw = command(*role, "withdraw", "Take a role back; the person's sessions end",
                           [=](db::Tx& tx, access::Roles& all, const Options& in) -> Result<json::object> {
                             AX_TRY(const auto id, person(in));
                             AX_CHECK(all.withdraw(tx, operators, id, in.name));
                             return grants(tx, all, in);
                           });
  for (auto* on : {list, grant, withdraw}) on->add_option("--id", o->user)->required();
  for (auto* on : {grant, withdraw}) on->add_option("role", o->name)->required();
}

}  // namespace authx::app
