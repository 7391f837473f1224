#include "services/notifications/outbox.h"

#include "services/users/person_box.h"

namespace authx::notifications {
namespace {

constexpr db::Query kInsert{"outbox.insert",
                            "INSERT INTO outbox (id, user_id, channel, recipient, subject, body, status, created_at, tenant_id) VALUES "
                            "($1, $2, $3, $4, $5, $6, 'kept', "
                            "$7, $8)"};
constexpr db::Query kNewest{
    "outbox.newest",
    "SELECT id, user_id, channel, recipient, subject, body, status, created_at FROM outbox WHERE tenant_id = $2 ORDER BY "
    "id DESC LIMIT $1"};
constexpr db::Query kBefore{
    "outbox.before",
    "SELECT id, user_id, channel, recipient, subject, body, status, created_at FROM outbox WHERE tenant_id = $2 AND id < $3 "
    "ORDER BY id DESC LIMIT $1"};

}  // namespace

Result<> add(db::Tx& tx, const crypto::Keyring& keyring, Time now, const Uuid& user, std::string_view channel, std::string_view recipient,
             std::string_view subject, std::string_view body) {
  const auto id = Uuid::generate(now);
  AX_TRY(auto key, users::person_key(tx, keyring, user));
  const users::PersonBox box{std::move(key), "outbox", id};
  AX_CHECK(tx.exec(kInsert, id, user, channel, box.seal("recipient", recipient), subject, box.seal("body", body), now, tx.scope().home()));
  return {};
}

Result<std::vector<Message>> list(db::Tx& tx, const crypto::Keyring& keyring, std::optional<Uuid> before, std::size_t limit) {
  const auto count = static_cast<std::int64_t>(limit);
  AX_TRY(const auto rows, before ? tx.exec(kBefore, count, tx.scope().home(), *before) : tx.exec(kNewest, count, tx.scope().home()));
  std::vector<Message> messages;
  for (const auto& row : rows) {
    AX_TRY(auto key, users::person_key(tx, keyring, row.uuid(1)));
    const users::PersonBox box{std::move(key), "outbox", row.uuid(0)};
    Message m;
    m.id = row.uuid(0);
    m.user = row.uuid(1);
    m.channel = row.text(2);
    AX_TRY(m.recipient, box.open("recipient", row.bytes(3)));
    m.subject = row.text(4);
    AX_TRY(m.body, box.open("body", row.bytes(5)));
    m.status = row.text(6);
    m.created_at = row.time(7);
    messages.push_back(std::move(m));
  }
  return messages;
}

}  // namespace authx::notifications
