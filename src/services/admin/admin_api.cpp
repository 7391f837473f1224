#include "services/admin/admin_api.h"

#include "services/notifications/outbox.h"
#include "services/users/users_service.h"

namespace authx::admin {
namespace {

using namespace http;

constexpr db::Query kAuditNewest{
    "admin.audit_newest",
    "SELECT id, seq, user_id, action, details, ip_address, created_at FROM audit_logs WHERE tenant_id = $2 ORDER BY "
    "seq DESC LIMIT $1"};
constexpr db::Query kAuditBefore{
    "admin.audit_before",
    "SELECT id, seq, user_id, action, details, ip_address, created_at FROM audit_logs WHERE tenant_id = $2 AND seq < $3 "
    "ORDER BY seq DESC LIMIT $1"};

struct OutboxQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(OutboxQuery, (), (limit, cursor))

struct OutboxMessage {
  Uuid id;
  std::string channel, recipient, subject, body, status;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(OutboxMessage, (), (id, channel, recipient, subject, body, status, created_at))

struct OutboxList {
  std::vector<OutboxMessage> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(OutboxList, (), (items, next_cursor))

struct AuditQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Int<1, 9'000'000'000'000'000>> cursor;
};
BOOST_DESCRIBE_STRUCT(AuditQuery, (), (limit, cursor))

struct AuditEntry {
  Uuid id;
  std::int64_t seq = 0;
  std::optional<Uuid> user_id;
  std::string action;
  AnyJson details;
  std::string ip_address;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(AuditEntry, (), (id, seq, user_id, action, details, ip_address, created_at))

struct AuditList {
  std::vector<AuditEntry> items;
  std::optional<std::int64_t> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(AuditList, (), (items, next_cursor))

/// Messages hold links that open their recipient's account: of who may do more than the caller, nothing but that there was one.
Result<> withhold(db::Tx& tx, const AdminService& service, const Principal& caller, std::vector<notifications::Message>& messages) {
  std::map<Uuid, bool> beyond;
  for (auto& message : messages) {
    if (!beyond.contains(message.user)) {
      AX_TRY(const auto user, users::get(tx, service.keyring, message.user));
      beyond[message.user] = !caller.permissions.has_all(user.permissions);
    }
    if (beyond[message.user]) message.body = "(withheld: its recipient has permissions that you do not have)";
  }
  return {};
}

awaitable<Result<OutboxList>> outbox(AdminService& service, const Can<Permission::manage_users>& caller, OutboxQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  auto read = [&service, &caller, &in, limit](db::Tx& tx) -> Result<std::vector<notifications::Message>> {
    AX_TRY(auto messages, notifications::list(tx, service.keyring, in.cursor, limit + 1));
    AX_CHECK(withhold(tx, service, caller, messages));
    AX_CHECK(service.audit.append(tx, {caller.id, "outbox.viewed", "{}", &caller.request}));
    return messages;
  };
  AX_CO_TRY(auto messages, co_await service.database.write(caller.request.tenant, read));
  OutboxList out;
  if (messages.size() > limit) {
    messages.pop_back();
    out.next_cursor = messages.back().id;
  }
  for (auto& m : messages)
    out.items.push_back(
        {m.id, std::move(m.channel), std::move(m.recipient), std::move(m.subject), std::move(m.body), std::move(m.status), m.created_at});
  co_return out;
}

awaitable<Result<AuditList>> audit_log(AdminService& service, const Can<Permission::read_audit>& caller, AuditQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  auto read = [&service, &caller, &in, limit](db::Tx& tx) -> Result<AuditList> {
    const auto count = static_cast<std::int64_t>(limit + 1);
    AX_TRY(const auto rows,
           in.cursor ? tx.exec(kAuditBefore, count, tx.scope().home(), in.cursor->value) : tx.exec(kAuditNewest, count, tx.scope().home()));
    AuditList out;
    for (const auto& row : rows) {
      if (out.items.size() == limit) {
        out.next_cursor = out.items.back().seq;
        break;
      }
      out.items.push_back(
          {row.uuid(0), row.integer(1), row.opt_uuid(2), row.text(3), {row.text(4)}, row.opt_text(5).value_or(""), row.time(6)});
    }
    AX_CHECK(service.audit.append(tx, {caller.id, "audit.viewed", "{}", &caller.request}));
    return out;
  };
  co_return co_await service.database.write(caller.request.tenant, read);
}

}  // namespace

void add_routes(Router& router, AdminService& service) {
  router.get(
      "/admin/outbox", service, &outbox,
      {.operation_id = "listOutbox", .summary = "Messages that no provider is configured for, newest first", .tag = "Administration"});
  router.get("/admin/audit", service, &audit_log,
             {.operation_id = "listAudit", .summary = "The audit log, newest first", .tag = "Administration"});
}

}  // namespace authx::admin
