#include <fmt/format.h>

#include <memory>

#include "app/commands.h"
#include "app/commands/storage_command.h"
#include "services/access/api_keys.h"
#include "services/oauth/clients.h"
#include "services/organizations/organizations.h"
#include "services/signing/signing_keys.h"

namespace authx::app {
namespace {

struct Options {
  std::string config, id, session, organization = "default";
  bool at_once = false;
};

Result<Uuid> parsed(const char* option, const std::string& text) {
  const auto id = Uuid::parse(text);
  if (!id) return Error::invalid(option, "must be an id");
  return *id;
}

/// Prints one line and one object for each of what was found.
template <class Items, class Line, class Told>
void print_all(Cli& cli, const Items& items, Line line, Told told) {
  std::string text;
  json::array all;
  for (const auto& item : items) {
    text += line(item) + "\n";
    all.push_back(told(item));
  }
  cli.print(text, all);
}

Result<> list_sessions(Cli& cli, const Config& config, Storage& s, const Options& o) {
  AX_TRY(const auto user, parsed("--id", o.id));
  OperatorSessions sessions{config, s};
  AX_TRY(const auto found, s.database->read([&](db::Tx& tx) { return (*sessions).list(tx, user); }));
  print_all(
      cli, found,
      [](const auth::Session& x) {
        return fmt::format("{}  aal{}  {:<30} {}  {}", x.id.str(), x.aal, x.device, x.ip, format_time(x.last_used_at));
      },
      [](const auth::Session& x) {
        return json::object{{"id", x.id.str()},
                            {"client_id", x.client_id},
                            {"device", x.device},
                            {"ip_address", x.ip},
                            {"aal", x.aal},
                            {"last_used_at", format_time(x.last_used_at)},
                            {"expires_at", format_time(x.expires_at)}};
      });
  return {};
}

Result<> end_sessions(Cli& cli, const Config& config, Storage& s, const Options& o) {
  AX_TRY(const auto user, parsed("--id", o.id));
  std::optional<Uuid> one;
  if (!o.session.empty()) {
    AX_TRY(one, parsed("--session", o.session));
  }
  OperatorSessions sessions{config, s};
  AX_TRY(const int ended, s.database->write([&](db::Tx& tx) -> Result<int> {
    AX_TRY(const auto person, users::get(tx, *s.keyring, user));
    tx.enter(person.tenant);
    int count = 1;
    if (one) {
      AX_TRY(const auto found, (*sessions).find(tx, *one));
      if (!found || found->user != user) return Errc::not_found;
      AX_CHECK((*sessions).revoke(tx, *one, "revoked"));
    } else {
      AX_TRY(count, (*sessions).revoke_all(tx, user, "revoked"));
    }
    AX_CHECK(s.audit->append(tx, {user, "session.revoked_by_operator", json::serialize(json::object{{"count", count}}), nullptr}));
    return count;
  }));
  cli.print(fmt::format("{} ended\n", ended), json::object{{"revoked", ended}});
  return {};
}

json::object told(const oauth::Client& c) {
  return {{"client_id", c.client_id}, {"disabled", c.disabled}, {"first_party", c.first_party}, {"metadata", c.metadata.json()}};
}

std::string line(const oauth::Client& c) {
  return fmt::format("{}  {:<20} {}{}", c.client_id, c.metadata.auth_method, c.metadata.name, c.disabled ? ", disabled" : "");
}

Result<> list_clients(Cli& cli, const Config&, Storage& s, const Options& o) {
  AX_TRY(const auto tenant, organizations::resolve(*s.database, o.organization));
  AX_TRY(const auto found, s.database->read(tenant, [](db::Tx& tx) { return oauth::list_clients(tx, std::nullopt, 1000); }));
  print_all(cli, found, &line, [](const oauth::Client& c) { return told(c); });
  return {};
}

Result<> set_disabled(Cli& cli, Storage& s, const Options& o, bool disabled) {
  AX_TRY(const auto changed, s.database->write([&](db::Tx& tx) -> Result<oauth::Client> {
    AX_TRY(auto found, oauth::find_client(tx, o.id));
    if (!found) return Errc::not_found;
    tx.enter(found->tenant);
    AX_CHECK(oauth::update_client(tx, s.clock.now(), found->id, found->metadata, found->first_party, disabled));
    const json::object what{{"client_id", found->client_id}, {"before", found->disabled}, {"after", disabled}};
    AX_CHECK(s.audit->append(tx, {std::nullopt, "oauth.client_switched_by_operator", json::serialize(what), nullptr}));
    found->disabled = disabled;
    return std::move(*found);
  }));
  cli.print(line(changed) + "\n", told(changed));
  return {};
}

Result<> show_keys(Cli& cli, const signing::SigningKeys& keys) {
  print_all(
      cli, keys.list(),
      [](const signing::SigningKeys::Info& k) {
        return fmt::format("{}  {:<6} from {}{}", k.kid, crypto::to_string(k.algorithm), format_time(k.active_at),
                           k.signs ? ", signs" : "");
      },
      [](const signing::SigningKeys::Info& k) {
        return json::object{{"kid", k.kid},
                            {"algorithm", std::string{crypto::to_string(k.algorithm)}},
                            {"active_at", format_time(k.active_at)},
                            {"signs", k.signs}};
      });
  return {};
}

Result<> list_keys(Cli& cli, const Config&, Storage& s, const Options&) {
  signing::SigningKeys keys{*s.database, s.clock, *s.keyring};
  AX_CHECK(keys.start());
  return show_keys(cli, keys);
}

Result<> rotate_keys(Cli& cli, const Config&, Storage& s, const Options& o) {
  signing::SigningKeys keys{*s.database, s.clock, *s.keyring};
  AX_CHECK(keys.rotate(o.at_once));
  AX_CHECK(s.database->write([&](db::Tx& tx) {
    return s.audit->append(
        tx, {std::nullopt, "oauth.keys_rotated_by_operator", json::serialize(json::object{{"at_once", o.at_once}}), nullptr});
  }));
  return show_keys(cli, keys);
}

Result<> list_api_keys(Cli& cli, const Config&, Storage& s, const Options& o) {
  AX_TRY(const auto tenant, organizations::resolve(*s.database, o.organization));
  db::AsyncDatabase database{*s.database, 1, 1};
  const access::ApiKeys keys{database, s.clock, *s.keyring, *s.audit};
  AX_TRY(const auto found, s.database->read(tenant, [&](db::Tx& tx) -> Result<std::vector<std::pair<std::string, access::ApiKeys::Key>>> {
    std::vector<std::pair<std::string, access::ApiKeys::Key>> out;
    AX_TRY(const auto accounts, keys.list(tx));
    for (const auto& account : accounts) {
      AX_TRY(auto held, keys.keys(tx, account.id));
      for (auto& key : held) out.emplace_back(account.name, std::move(key));
    }
    return out;
  }));
  const auto used = [](const access::ApiKeys::Key& key) {
    return key.last_used_at ? format_time(*key.last_used_at) : std::string{"never"};
  };
  print_all(
      cli, found,
      [&](const auto& x) {
        const auto& [account, key] = x;
        return fmt::format("{}  {}…  {} of {}, until {}, used {}{}", key.id.str(), key.hint, key.name, account, format_time(key.expires_at),
                           used(key), key.revoked_at ? ", revoked" : "");
      },
      [&](const auto& x) {
        const auto& [account, key] = x;
        return json::object{{"key_id", key.id.str()},
                            {"account", account},
                            {"name", key.name},
                            {"hint", key.hint},
                            {"last_used_at", used(key)},
                            {"expires_at", format_time(key.expires_at)},
                            {"revoked", key.revoked_at.has_value()}};
      });
  return {};
}

Result<> revoke_api_key(Cli& cli, const Config&, Storage& s, const Options& o) {
  const auto key = Uuid::parse(o.id);
  if (!key) return Error::invalid("key_id", "Give the key's id, which `api-keys list` shows first");
  AX_TRY(const auto tenant, organizations::resolve(*s.database, o.organization));
  db::AsyncDatabase database{*s.database, 1, 1};
  access::ApiKeys keys{database, s.clock, *s.keyring, *s.audit};
  AX_CHECK(s.database->write(tenant, [&](db::Tx& tx) { return keys.revoke_by_operator(tx, *key); }));
  cli.print(fmt::format("{}  revoked\n", key->str()), json::object{{"key_id", key->str()}, {"revoked", true}});
  return {};
}

}  // namespace

void add_access_commands(CLI::App& root, Cli& cli) {
  const auto o = std::make_shared<Options>();
  const auto add = [&](CLI::App& parent, const char* name, const char* help, StorageAction<Options> action) {
    return add_storage_command<Options>(parent, cli, name, help, o, std::move(action));
  };
  const auto of_organization = [&o](CLI::App* on) {
    on->add_option("--organization", o->organization, "Whose, by its slug")->capture_default_str();
  };
  auto* sessions = root.get_subcommand("user")->add_subcommand("session", "Where a person is signed in")->require_subcommand(1);
  auto* shown = add(*sessions, "list", "Live sessions, newest first", &list_sessions);
  auto* ended = add(*sessions, "end", "End one session, or all; running servers follow within seconds", &end_sessions);
  for (auto* on : {shown, ended}) on->add_option("--id", o->id, "The account")->required();
  ended->add_option("--session", o->session, "Only this one");

  auto* clients = root.add_subcommand("client", "Applications that sign people in here")->require_subcommand(1);
  of_organization(add(*clients, "list", "Applications, newest first", &list_clients));
  auto* off = add(*clients, "disable", "Refuse an application; running servers follow within seconds",
                  [](Cli& c, const Config&, Storage& s, const Options& in) { return set_disabled(c, s, in, true); });
  auto* on = add(*clients, "enable", "Let it go on",
                 [](Cli& c, const Config&, Storage& s, const Options& in) { return set_disabled(c, s, in, false); });
  for (auto* command : {off, on}) command->add_option("client_id", o->id)->required();

  auto* keys = root.add_subcommand("signing-keys", "Keys that sign tokens")->require_subcommand(1);
  add(*keys, "list", "All that are published, and which sign", &list_keys);
  add(*keys, "rotate", "Make the next ones; running servers follow within seconds", &rotate_keys)
      ->add_flag("--at-once", o->at_once, "They sign now, not a day from now");

  auto* programs = root.add_subcommand("api-keys", "Keys of programs")->require_subcommand(1);
  of_organization(add(*programs, "list", "All keys, with their accounts and last use", &list_api_keys));
  auto* gone = add(*programs, "revoke", "Refuse a key from now on; running servers follow within seconds", &revoke_api_key);
  of_organization(gone);
  gone->add_option("key_id", o->id)->required();
}

}  // namespace authx::app
