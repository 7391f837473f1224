#include "services/organizations/organizations.h"

#include <algorithm>

#include "base/collect.h"
#include "base/tenant.h"

namespace authx::organizations {
namespace {

constexpr db::Query kInsert{"organizations.insert",
                            "INSERT INTO organizations (id, slug, name, domain, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6) "
                            "ON CONFLICT DO NOTHING RETURNING id"};
constexpr db::Query kNewest{"organizations.newest",
                            "SELECT id, slug, name, domain, created_at, suspended_at FROM organizations ORDER BY id DESC LIMIT $1"};
constexpr db::Query kBefore{
    "organizations.before",
    "SELECT id, slug, name, domain, created_at, suspended_at FROM organizations WHERE id < $2 ORDER BY id DESC LIMIT $1"};
constexpr db::Query kGet{"organizations.get", "SELECT id, slug, name, domain, created_at, suspended_at FROM organizations WHERE id = $1"};
constexpr db::Query kFind{"organizations.find",
                          "SELECT id, slug, name, domain, created_at, suspended_at FROM organizations WHERE slug = $1"};
constexpr db::Query kDomainTaken{"organizations.domain_taken", "SELECT 1 FROM organizations WHERE domain = $1 AND id <> $2"};
constexpr db::Query kRename{"organizations.rename", "UPDATE organizations SET name = $2, domain = $3 WHERE id = $1 RETURNING id"};
constexpr db::Query kSuspend{"organizations.suspend", "UPDATE organizations SET suspended_at = $2 WHERE id = $1 RETURNING id"};

#define NO_PROGRAM " AND NOT EXISTS (SELECT 1 FROM service_accounts s WHERE s.id = users.id)"
constexpr db::Query kPeople{"organizations.people",
                            "SELECT id, role, status, created_at, last_login FROM users WHERE tenant_id = $2" NO_PROGRAM
                            " ORDER BY id DESC LIMIT $1"};
constexpr db::Query kPeopleBefore{"organizations.people_before",
                                  "SELECT id, role, status, created_at, last_login FROM users WHERE tenant_id = $2 AND id < $3" NO_PROGRAM
                                  " ORDER BY id DESC LIMIT $1"};

Organization read(const db::Row& row) { return {row.uuid(0), row.text(1), row.text(2), row.opt_text(3), row.time(4), row.opt_time(5)}; }

bool label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Error taken(const char* what) {
  Error error{Errc::conflict, what};
  error.message = std::string{"Another organisation has this "} + what;
  return error;
}

}  // namespace

Result<> check_slug(std::string_view slug) {
  if (!label(slug)) return Error::invalid("slug", "must be 1 to 63 of a-z, 0-9 and -, with no - at an end");
  return {};
}

Result<> check_domain(std::string_view domain) {
  std::string_view rest = domain;
  bool good = domain.size() <= 253;
  while (good) {
    const auto dot = rest.find('.');
    good = label(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (!good) return Error::invalid("domain", "must be a host name in lower case, without a port");
  return {};
}

Result<Organization> create(db::Tx& tx, Time now, Organization what, std::optional<Uuid> by) {
  what.id = Uuid::generate(now);
  what.created_at = now;
  AX_TRY(const auto made, tx.exec(kInsert, what.id, what.slug, what.name, what.domain, by, now));
  if (made.empty()) return taken("slug or domain");
  return what;
}

Result<std::vector<Organization>> list(db::Tx& tx, std::optional<Uuid> before, std::size_t limit) {
  const auto count = static_cast<std::int64_t>(limit);
  AX_TRY(const auto rows, before ? tx.exec(kBefore, count, *before) : tx.exec(kNewest, count));
  return collect(rows, [](const db::Row& row) { return read(row); });
}

Result<Organization> get(db::Tx& tx, const Uuid& id) {
  AX_TRY(const auto rows, tx.exec(kGet, id));
  if (rows.empty()) return Errc::not_found;
  return read(rows[0]);
}

Result<Organization> find(db::Tx& tx, std::string_view slug) {
  AX_TRY(const auto rows, tx.exec(kFind, slug));
  if (rows.empty()) return Errc::not_found;
  return read(rows[0]);
}

Result<> rename(db::Tx& tx, const Organization& changed) {
  if (changed.domain) {
    AX_TRY(const auto other, tx.exec(kDomainTaken, *changed.domain, changed.id));
    if (!other.empty()) return taken("domain");
  }
  AX_TRY(const auto rows, tx.exec(kRename, changed.id, changed.name, changed.domain));
  if (rows.empty()) return Errc::not_found;
  return {};
}

Result<> suspend(db::Tx& tx, const Uuid& id, std::optional<Time> since) {
  if (since && id == kDefaultTenant) {
    Error error{Errc::conflict, "default organisation"};
    error.message = "The default organisation can't be suspended";
    return error;
  }
  AX_TRY(const auto rows, tx.exec(kSuspend, id, since));
  if (rows.empty()) return Errc::not_found;
  return {};
}

Result<std::vector<Member>> list_people(db::Tx& tx, std::optional<Uuid> before, std::size_t limit) {
  const auto count = static_cast<std::int64_t>(limit);
  const auto& home = tx.scope().home();
  AX_TRY(const auto rows, before ? tx.exec(kPeopleBefore, count, home, *before) : tx.exec(kPeople, count, home));
  std::vector<Member> out;
  for (const auto& row : rows) out.push_back({row.uuid(0), row.text(1), row.text(2), row.time(3), row.opt_time(4)});
  return out;
}

Result<Uuid> resolve(db::Database& database, std::string_view slug) {
  auto found = database.read(db::Scope::everyone(), [&](db::Tx& tx) { return find(tx, slug); });
  if (found) return found->id;
  if (found.error().code == Errc::not_found) return Error::invalid("--organization", "names no organisation");
  return std::move(found).error();
}

}  // namespace authx::organizations
