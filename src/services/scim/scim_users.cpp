#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "http/contract.h"
#include "services/auth/account_service.h"
#include "services/auth/one_time_tokens.h"
#include "services/scim/patch.h"
#include "services/scim/scim_parts.h"
#include "services/users/person_box.h"

namespace authx::scim {
namespace {

constexpr db::Query kFind{
    "scim_users.find",
    "SELECT s.profile, s.created_at, s.updated_at, u.status_reason FROM scim_users s JOIN users u ON u.id = s.user_id "
    "WHERE s.user_id = $1 AND u.tenant_id = $2"};
constexpr db::Query kInsert{
    "scim_users.insert",
    "INSERT INTO scim_users (user_id, profile, external_id_index, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)"};
constexpr db::Query kUpdate{"scim_users.update",
                            "UPDATE scim_users SET profile = $2, external_id_index = $3, updated_at = $4 WHERE user_id = $1"};
constexpr db::Query kForget{"scim_users.delete", "DELETE FROM scim_users WHERE user_id = $1"};
constexpr db::Query kCount{"scim_users.count", "SELECT count(*) FROM scim_users s JOIN users u ON u.id = s.user_id WHERE u.tenant_id = $1"};
constexpr db::Query kPage{"scim_users.page",
                          "SELECT s.user_id FROM scim_users s JOIN users u ON u.id = s.user_id WHERE u.tenant_id = $3 ORDER BY s.user_id "
                          "LIMIT $1 OFFSET $2"};
constexpr db::Query kByExternal{"scim_users.by_external",
                                "SELECT s.user_id FROM scim_users s JOIN users u ON u.id = s.user_id WHERE s.external_id_index = $1 AND "
                                "u.tenant_id = $2 ORDER BY s.user_id LIMIT 200"};
constexpr db::Query kGroups{"scim_users.groups",
                            "SELECT g.id, g.display_name, g.role FROM scim_group_members m JOIN scim_groups g ON g.id = m.group_id "
                            "WHERE m.user_id = $1 ORDER BY g.id LIMIT 500"};
constexpr db::Query kTouchGroups{"scim_users.touch_groups",
                                 "UPDATE scim_groups SET version = version + 1, updated_at = $2 WHERE id IN "
                                 "(SELECT group_id FROM scim_group_members WHERE user_id = $1)"};
constexpr db::Query kLeaveGroups{"scim_users.leave_groups", "DELETE FROM scim_group_members WHERE user_id = $1"};
constexpr db::Query kProgram{"scim_users.program", "SELECT 1 FROM service_accounts WHERE id = $1 AND tenant_id = $2"};

constexpr std::string_view kReason = "directory";  // of an account that the directory disabled

std::string text_of(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view{name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

/// The name that the product shows for what the directory says.
std::string name_of(const json::object& profile) {
  auto out = text_of(profile, "displayName");
  if (const auto* parts = profile.if_contains("name"); out.empty() && parts != nullptr && parts->is_object()) {
    const auto& name = parts->as_object();
    out = text_of(name, "formatted");
    if (out.empty()) {
      out = text_of(name, "givenName");
      const auto family = text_of(name, "familyName");
      if (!out.empty() && !family.empty()) out += ' ';
      out += family;
    }
  }
  if (out.empty()) out = text_of(profile, "userName");
  return out;
}

Result<std::string> address_of(const json::object& profile) {
  http::Email out;
  http::Faults faults;
  http::Codec<http::Email>::parse(profile.at("userName"), out, "userName", faults);
  if (!faults.empty()) return fault("invalidValue", "userName must be an e-mail address: the person signs in with it");
  return out.value;
}

/// `active` is the account's state, not the directory's profile.
std::optional<bool> take_active(json::object& profile) {
  const auto* value = profile.if_contains("active");
  if (value == nullptr) return std::nullopt;
  const bool active = value->as_bool();
  profile.erase("active");
  return active;
}

json::array changed_names(const json::object& before, const json::object& after) {
  json::array out;
  for (const auto& [key, value] : after)
    if (const auto* old = before.if_contains(key); old == nullptr || *old != value) out.push_back(json::value(json::string(key)));
  for (const auto& [key, value] : before)
    if (!after.contains(key)) out.push_back(json::value(json::string(key)));
  return out;
}

Error taken() {
  Error error{Errc::conflict};
  error.message = "The address has an account";
  return error;
}

}  // namespace

struct ScimService::Account {
  users::User user;
  json::object profile;
  std::string status_reason;
  Time created_at, updated_at;
};

Result<ScimService::Account> ScimService::account(db::Tx& tx, std::string_view text) const {
  const auto id = Uuid::parse(text);
  if (!id) return Errc::not_found;
  AX_TRY(const auto rows, tx.exec(kFind, *id, tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  Account out;
  AX_TRY(out.user, users::get(tx, p_.core.keyring, *id));
  AX_TRY(auto key, users::person_key(tx, p_.core.keyring, *id));
  const users::PersonBox box{std::move(key), "scim_users", *id};
  AX_TRY(const auto text_profile, box.open("profile", rows[0].bytes(0)));
  AX_TRY(auto profile, parse_json(text_profile));
  out.profile = std::move(profile.as_object());
  out.created_at = rows[0].time(1);
  out.updated_at = rows[0].time(2);
  out.status_reason = rows[0].opt_text(3).value_or("");
  // The person may have moved to another address; then that is the name.
  if (!same_name(text_of(out.profile, "userName"), out.user.email)) out.profile["userName"] = out.user.email;
  return out;
}

Result<json::object> ScimService::told(db::Tx& tx, const Account& account) const {
  auto out = account.profile;
  json::array schemas{json_text(kUserSchema)};
  if (out.contains(json_view(kEnterpriseSchema))) schemas.push_back(json_text(kEnterpriseSchema));
  out["schemas"] = std::move(schemas);
  out["id"] = account.user.id.str();
  out["active"] = account.user.active;
  AX_TRY(const auto rows, tx.exec(kGroups, account.user.id));
  json::array groups;
  for (const auto& row : rows)
    groups.push_back(
        json::object{{"value", row.uuid(0).str()}, {"$ref", p_.base + "/Groups/" + row.uuid(0).str()}, {"display", row.text(1)}});
  if (!groups.empty()) out["groups"] = std::move(groups);
  return out;
}

Result<Resource> ScimService::shown(db::Tx& tx, const Account& account) const {
  Resource out;
  out.id = account.user.id.str();
  AX_TRY(out.body, told(tx, account));
  const auto digest = crypto::sha256(as_bytes(json::serialize(out.body)));
  out.etag = "W/\"" + base64url_encode(BytesView{digest}.first(12)) + '"';
  out.body["meta"] = json::object{{"resourceType", "User"},
                                  {"created", format_time(account.created_at)},
                                  {"lastModified", format_time(account.updated_at)},
                                  {"location", p_.base + "/Users/" + out.id},
                                  {"version", out.etag}};
  return out;
}

Result<> ScimService::store(db::Tx& tx, const Uuid& user, const json::object& profile, bool insert) {
  AX_TRY(auto key, users::person_key(tx, p_.core.keyring, user));
  const users::PersonBox box{std::move(key), "scim_users", user};
  std::optional<Bytes> index;
  if (const auto external = text_of(profile, "externalId"); !external.empty())
    index = p_.core.keyring.blind_index("scim.external_id", tx.scope().home(), external);
  AX_CHECK(tx.exec(insert ? kInsert : kUpdate, user, box.seal("profile", json::serialize(profile)), index, p_.core.clock.now()));
  return {};
}

Result<> ScimService::switch_active(db::Tx& tx, const Account& account, bool active) {
  if (active == account.user.active) return {};
  // What a person in charge locked or disabled, no directory revives.
  if (active && account.status_reason != kReason) return {};
  return auth::AccountService::set_status(tx, p_.core.sessions, account.user.id, active ? "active" : "disabled", kReason,
                                          p_.core.clock.now());
}

Result<> ScimService::must_control(db::Tx& tx, const http::Directory& by, const Uuid& user) const {
  auto own = http::permissions_of(http::Role::user);
  own.add(by.permissions);
  AX_TRY(const auto given, p_.roles.given_by_administrators(tx, user));
  if (own.has_all(given)) return {};
  Error error{Errc::forbidden, "the account may do more than the directory"};
  error.message = "An administrator gave this account permissions that the directory does not have; only its access can be ended here";
  return error;
}

awaitable<Result<Resource>> ScimService::create_user(http::Directory by, json::object document) {
  AX_CO_TRY(auto profile, cleaned(document, user_schema()));
  AX_CO_TRY(const auto email, address_of(profile));
  const bool active = take_active(profile).value_or(true);
  auto run = [&](db::Tx& tx) -> Result<Resource> {
    auto& core = p_.core;
    AX_TRY(const auto existing, users::find_login(tx, core.keyring, email));
    if (existing) return taken();
    const auto now = core.clock.now();
    users::NewUser user;
    user.name = name_of(profile);
    user.email = email;
    AX_TRY(const auto id, users::create(tx, core.keyring, now, user));
    AX_CHECK(store(tx, id, profile, true));
    if (active) {
      AX_TRY(const auto token, auth::one_time_tokens::issue(tx, id, "password_setup", now + core.options.link_lifetime));
      AX_CHECK(core.tell(
          tx, id, email, "Set up your account",
          "An account was made for you. Choose a password: " + core.options.public_url + "/setup-password#token=" + token.expose()));
    } else {
      AX_CHECK(users::set_status(tx, id, "disabled", kReason, now));
    }
    AX_TRY(const auto made, account(tx, id.str()));
    AX_TRY(auto out, shown(tx, made));
    AX_CHECK(core.audit.append(
        tx, {by.id, "directory.user_created", json::serialize(json::object{{"user", out.id}, {"active", active}}), &by.request}));
    return out;
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<Resource>> ScimService::user(http::Directory by, std::string id) {
  auto run = [&](db::Tx& tx) -> Result<Resource> {
    AX_TRY(const auto found, account(tx, id));
    AX_TRY(auto out, shown(tx, found));
    AX_CHECK(p_.core.audit.append(tx, {by.id, "directory.user_viewed", json::serialize(json::object{{"user", out.id}}), &by.request}));
    return out;
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<Page>> ScimService::users(http::Directory by, Query query) {
  std::optional<Filter> filter;
  if (!query.filter.empty()) {
    AX_CO_TRY(filter, Filter::parse(query.filter));
  }
  const auto start = std::clamp<std::int64_t>(query.start, 1, 1'000'000'000);
  const auto count = std::clamp<std::int64_t>(query.count, 0, kPageSize);
  auto find = [&](db::Tx& tx) -> Result<Page> {
    Page out;
    out.start = start;
    const auto add = [&](const Resource& one) { out.items.push_back(projected(one.body, query.attributes, query.excluded)); };
    if (!filter) {
      AX_TRY(const auto all, tx.exec(kCount, tx.scope().home()));
      out.total = all[0].integer(0);
      AX_TRY(const auto rows, tx.exec(kPage, count, start - 1, tx.scope().home()));
      for (const auto& row : rows) {
        AX_TRY(const auto found, account(tx, row.uuid(0).str()));
        AX_TRY(const auto one, shown(tx, found));
        add(one);
      }
      return out;
    }
    std::vector<std::string> candidates;
    if (const auto id = filter->must_equal("id")) {
      candidates.push_back(*id);
    } else if (auto name = filter->must_equal("userName")) {
      std::ranges::transform(*name, name->begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      AX_TRY(const auto login, users::find_login(tx, p_.core.keyring, *name));
      if (login) candidates.push_back(login->id.str());
    } else {
      const auto external = filter->must_equal("externalId");
      AX_TRY(const auto rows, external ? tx.exec(kByExternal, p_.core.keyring.blind_index("scim.external_id", tx.scope().home(), *external),
                                                 tx.scope().home())
                                       : tx.exec(kPage, kScanned + 1, std::int64_t{0}, tx.scope().home()));
      if (static_cast<std::int64_t>(rows.size()) > kScanned)
        return fault("tooMany", "with this many accounts only filters that name userName, externalId or id with eq are answered");
      for (const auto& row : rows) candidates.push_back(row.uuid(0).str());
    }
    for (const auto& id : candidates) {
      const auto found = account(tx, id);
      if (!found && found.error().code == Errc::not_found) continue;
      if (!found) return found.error();
      AX_TRY(const auto one, shown(tx, *found));
      if (!filter->matches(one.body, user_schema())) continue;
      ++out.total;
      if (out.total >= start && out.total < start + count) add(one);
    }
    return out;
  };
  auto run = [&](db::Tx& tx) -> Result<Page> {
    AX_TRY(auto out, find(tx));
    AX_CHECK(p_.core.audit.append(
        tx, {by.id, "directory.users_listed", json::serialize(json::object{{"count", out.items.size()}}), &by.request}));
    return out;
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

Result<Conditional<Resource>> ScimService::change_user(db::Tx& tx, const http::Directory& by, std::string_view id,
                                                       const json::object& document, bool patch) {
  auto& core = p_.core;
  AX_TRY(const auto before, account(tx, id));
  AX_TRY(const auto seen, shown(tx, before));
  if (!Condition{by.if_match}.holds(seen.etag)) return Conditional<Resource>{};
  AX_TRY(auto profile, patch ? patched(seen.body, document, user_schema()) : cleaned(document, user_schema()));
  AX_TRY(const auto email, address_of(profile));
  const auto active = take_active(profile).value_or(before.user.active);
  const auto& user = before.user.id;
  const auto now = core.clock.now();
  const auto name = name_of(profile);
  if (email != before.user.email) {
    AX_CHECK(must_control(tx, by, user));
    for (const auto purpose : {"password_setup", "password_reset", "email_verify"})
      AX_CHECK(auth::one_time_tokens::drop(tx, user, purpose));
    AX_CHECK(core.tell(tx, user, before.user.email, "Your account was changed",
                       "Your organisation has given your account another e-mail address."));
  }
  if (email != before.user.email || name != before.user.name) {
    const auto moved = users::replace_contact(tx, core.keyring, user, name, email, now);
    if (!moved) return moved.error().code == Errc::conflict ? taken() : moved.error();
  }
  AX_CHECK(switch_active(tx, before, active));
  const auto names = changed_names(before.profile, profile);
  if (!names.empty()) AX_CHECK(store(tx, user, profile, false));
  AX_TRY(const auto after, account(tx, id));
  AX_TRY(auto out, shown(tx, after));
  const json::object what{
      {"user", out.id}, {"changed", names}, {"before", {{"active", before.user.active}}}, {"after", {{"active", after.user.active}}}};
  AX_CHECK(core.audit.append(tx, {by.id, "directory.user_changed", json::serialize(what), &by.request}));
  return Conditional<Resource>{std::move(out)};
}

awaitable<Result<Conditional<Resource>>> ScimService::replace_user(http::Directory by, std::string id, json::object document) {
  auto run = [&](db::Tx& tx) { return change_user(tx, by, id, document, false); };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<Conditional<Resource>>> ScimService::patch_user(http::Directory by, std::string id, json::object operations) {
  auto run = [&](db::Tx& tx) { return change_user(tx, by, id, operations, true); };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<bool>> ScimService::delete_user(http::Directory by, std::string id) {
  auto run = [&](db::Tx& tx) -> Result<bool> {
    auto& core = p_.core;
    AX_TRY(const auto found, account(tx, id));
    AX_TRY(const auto seen, shown(tx, found));
    if (!Condition{by.if_match}.holds(seen.etag)) return false;
    AX_CHECK(must_control(tx, by, found.user.id));
    AX_CHECK(core.sessions.revoke_all(tx, found.user.id, "erased"));
    if (core.on_erase) AX_CHECK(core.on_erase(tx, found.user.id));
    AX_CHECK(tx.exec(kTouchGroups, found.user.id, core.clock.now()));
    AX_CHECK(users::erase(tx, found.user.id));
    AX_CHECK(core.audit.append(
        tx, {by.id, "directory.user_deleted", json::serialize(json::object{{"user", found.user.id.str()}}), &by.request}));
    return true;
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<>> ScimService::hand_over(http::Principal by, Uuid id) {
  auto run = [&](db::Tx& tx) -> Result<> {
    if (id == by.id) {  // the directory could lock out whoever set it up
      Error error{Errc::conflict};
      error.message = "Nobody hands over their own account";
      return error;
    }
    AX_TRY(const auto user, users::get(tx, p_.core.keyring, id));
    if (!by.permissions.has_all(user.permissions)) return Error{Errc::forbidden, "the account may do more than the caller"};
    AX_TRY(const auto program, tx.exec(kProgram, id, tx.scope().home()));
    if (!program.empty()) return Errc::conflict;
    AX_TRY(const auto rows, tx.exec(kFind, id, tx.scope().home()));
    if (!rows.empty()) return {};
    AX_CHECK(store(tx, id, json::object{{"userName", user.email}, {"displayName", user.name}}, true));
    return p_.core.audit.append(tx, {by.id, "directory.user_handed_over", json::serialize(json::object{{"user", id.str()}}), &by.request});
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<>> ScimService::take_back(http::Principal by, Uuid id) {
  auto run = [&](db::Tx& tx) -> Result<> {
    AX_TRY(const auto found, account(tx, id.str()));
    if (!by.permissions.has_all(found.user.permissions)) return Error{Errc::forbidden, "the account may do more than the caller"};
    AX_TRY(const auto groups, tx.exec(kGroups, id));
    for (const auto& group : groups)
      if (const auto role = group.opt_text(2)) AX_CHECK(p_.roles.take(tx, id, *role, group.uuid(0).str()));
    AX_CHECK(tx.exec(kTouchGroups, id, p_.core.clock.now()));
    AX_CHECK(tx.exec(kLeaveGroups, id));
    AX_CHECK(tx.exec(kForget, id));
    return p_.core.audit.append(tx, {by.id, "directory.user_taken_back", json::serialize(json::object{{"user", id.str()}}), &by.request});
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

}  // namespace authx::scim
