#include "services/organizations/directory.h"

#include <algorithm>
#include <chrono>

#include "base/tenant.h"
#include "telemetry/log.h"

namespace authx::organizations {
namespace {

constexpr db::Query kAll{"organizations.all", "SELECT id, slug, domain, suspended_at FROM organizations"};
constexpr std::chrono::seconds kInterval{1};

/// The host without its port, in lower case.
std::string host_name(std::string_view host) {
  if (!host.starts_with('[')) host = host.substr(0, host.rfind(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string out{host.substr(0, 253)};
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  return out;
}

}  // namespace

Result<> Directory::start() {
  AX_CHECK(read());
  ticker_.start(kInterval, [this] {
    if (auto done = read(); !done) log::warning("organizations_not_read", {{"detail", done.error().detail}});
  });
  return {};
}

Result<Directory::Known> Directory::load(db::Tx& tx) {
  AX_TRY(const auto rows, tx.exec(kAll));
  Known known;
  for (const auto& row : rows) {
    const auto id = row.uuid(0);
    known.open.emplace(id, row.is_null(3));
    known.slugs.emplace(row.text(1), id);
    if (auto domain = row.opt_text(2)) known.domains.emplace(std::move(*domain), id);
  }
  return known;
}

void Directory::take(Known known) {
  const std::unique_lock lock{mutex_};
  known_ = std::move(known);
}

Result<> Directory::read() {
  AX_TRY(auto known, database_.read(db::Scope::everyone(), &load));
  take(std::move(known));
  return {};
}

bool Directory::open(const Uuid& tenant) const {
  const std::shared_lock lock{mutex_};
  const auto found = known_.open.find(tenant);
  return found != known_.open.end() && found->second;
}

Result<Uuid> Directory::of(const http::RequestHeaders& headers) const {
  auto tenant = kDefaultTenant;
  {
    const std::shared_lock lock{mutex_};
    if (!headers.organization.empty()) {
      const auto found = known_.slugs.find(headers.organization);
      if (found == known_.slugs.end()) return Error::invalid("X-Organization", "names no organisation");
      tenant = found->second;
    } else if (!known_.domains.empty()) {
      if (const auto found = known_.domains.find(host_name(headers.host)); found != known_.domains.end()) tenant = found->second;
    }
    if (tenant == kDefaultTenant || known_.open.at(tenant)) return tenant;
  }
  Error error{Errc::forbidden, "organisation suspended"};
  error.message = "This organisation is suspended";
  return error;
}

}  // namespace authx::organizations
