#include "services/audit/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "base/encoding.h"
#include "crypto/hash_chain.h"

namespace authx::audit {
namespace {

constexpr db::Query kHeadForUpdate{"audit.head_for_update", "SELECT seq, link, signature FROM audit_head WHERE only_row = 1 FOR UPDATE"};
constexpr db::Query kHead{"audit.head", "SELECT seq, link, signature FROM audit_head WHERE only_row = 1"};
constexpr db::Query kInsert{
    "audit.insert",
    "INSERT INTO audit_logs (seq, id, user_id, action, details, ip_address, user_agent, created_at, link, tenant_id) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
constexpr db::Query kEntry{"audit.entry", "SELECT action, details, link FROM audit_logs WHERE seq = $1"};
constexpr db::Query kMoveHead{"audit.move_head", "UPDATE audit_head SET seq = $1, link = $2, signature = $3 WHERE only_row = 1"};
constexpr db::Query kPage{"audit.verify_page",
                          "SELECT seq, id, user_id, action, details, ip_address, user_agent, created_at, link, tenant_id FROM audit_logs "
                          "WHERE seq > $1 ORDER BY seq LIMIT 1000"};

/// Length-prefixed, so that no two entries have one form.
Bytes canonical(const Uuid& id, const std::optional<Uuid>& user, std::string_view action, std::string_view details, std::string_view ip,
                std::string_view agent, Time at, const Uuid& tenant) {
  Bytes out;
  const auto add = [&out](std::string_view part) {
    const auto n = static_cast<std::uint32_t>(part.size());
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(n >> shift));
    out.insert(out.end(), part.begin(), part.end());
  };
  for (const auto& part : {id.str(), user ? user->str() : std::string{}, std::string{action}, std::string{details}, std::string{ip},
                           std::string{agent}, format_time(at)})
    add(part);
  if (tenant != kDefaultTenant) add(tenant.str());  // the default one's entries have the form of before there were others
  return out;
}

Bytes to_vector(const crypto::Digest& digest) { return {digest.begin(), digest.end()}; }

}  // namespace

Result<> Log::append(db::Tx& tx, const Entry& entry) const {
  AX_CHECK(record(tx, entry));
  return {};
}

Result<Kept> Log::entry(db::Tx& tx, std::uint64_t seq) const {
  AX_TRY(const auto rows, tx.exec(kEntry, static_cast<std::int64_t>(seq)));
  if (rows.empty()) return Errc::not_found;
  return Kept{rows[0].text(0), rows[0].text(1), hex_encode(rows[0].bytes(2))};
}

Result<Recorded> Log::record(db::Tx& tx, const Entry& entry) const {
  AX_TRY(const auto head, tx.exec(tx.dialect() == db::Dialect::postgres ? kHeadForUpdate : kHead));
  if (head.empty()) return Error{Errc::internal, "audit head is missing"};
  const auto seq = head[0].integer(0) + 1;
  const auto now = clock_.now();
  const auto id = Uuid::generate(now);
  auto tenant = tx.scope().home();
  if (!tx.scope().only() && entry.request != nullptr && !entry.request->tenant.is_nil()) tenant = entry.request->tenant;
  const std::string ip = entry.request != nullptr ? entry.request->ip : "";
  const std::string agent = entry.request != nullptr ? entry.request->user_agent : "";
  const auto link = crypto::chain_link(key_, head[0].bytes(1), static_cast<std::uint64_t>(seq),
                                       canonical(id, entry.user, entry.action, entry.details, ip, agent, now, tenant));
  AX_CHECK(tx.exec(kInsert, seq, id, entry.user, entry.action, entry.details, ip, agent, now, to_vector(link), tenant));
  const auto signature = crypto::sign_checkpoint(key_, static_cast<std::uint64_t>(seq), link).signature;
  AX_CHECK(tx.exec(kMoveHead, seq, to_vector(link), signature));
  return Recorded{static_cast<std::uint64_t>(seq), hex_encode(link)};
}

Result<VerifyReport> Log::verify(db::Database& database, const std::string& checkpoint_file) const {
  VerifyReport report;
  const auto bad = [&](std::uint64_t seq, std::string problem) {
    if (!report.intact) return;
    report.intact = false;
    report.first_bad = seq;
    report.problem = std::move(problem);
  };
  std::map<std::uint64_t, std::string> checkpoints;
  std::ifstream in{checkpoint_file};
  std::uint64_t checkpoint_seq = 0;
  for (std::string link, signature; in >> checkpoint_seq >> link >> signature;) {
    const auto head = hex_decode(link);
    if (!head || !crypto::verify_checkpoint(key_, {checkpoint_seq, *head, signature}))
      bad(checkpoint_seq, "a checkpoint in the file is forged or damaged");
    checkpoints[checkpoint_seq] = link;
  }
  // The head is read first: entries that come later only extend the chain.
  AX_TRY(const auto head, database.read([](db::Tx& tx) { return tx.exec(kHead); }));
  if (head.empty()) return Error{Errc::internal, "audit head is missing"};
  const auto head_seq = static_cast<std::uint64_t>(head[0].integer(0));
  const auto head_link = head[0].bytes(1);
  if (head_seq > 0 && !crypto::verify_checkpoint(key_, {head_seq, head_link, head[0].text(2)}))
    bad(head_seq, "the head's signature is wrong");
  Bytes previous;
  std::uint64_t expected = 1;
  while (expected <= head_seq) {
    AX_TRY(const auto rows, database.read([&](db::Tx& tx) { return tx.exec(kPage, static_cast<std::int64_t>(expected - 1)); }));
    if (rows.empty()) break;
    for (const auto& row : rows) {
      const auto seq = static_cast<std::uint64_t>(row.integer(0));
      if (expected > head_seq) break;
      if (seq != expected) {
        bad(expected, "an entry is missing");
        expected = seq;
      }
      const auto link = crypto::chain_link(key_, previous, seq,
                                           canonical(row.uuid(1), row.opt_uuid(2), row.text(3), row.text(4), row.opt_text(5).value_or(""),
                                                     row.opt_text(6).value_or(""), row.time(7), row.uuid(9)));
      const auto stored = row.bytes(8);
      if (!std::ranges::equal(stored, link)) bad(seq, "an entry was altered, inserted or moved");
      previous = stored;
      if (const auto checkpoint = checkpoints.find(seq); checkpoint != checkpoints.end()) {
        if (checkpoint->second != hex_encode(stored)) bad(seq, "the chain differs from a checkpoint");
        checkpoints.erase(checkpoint);
      }
      ++report.entries;
      ++expected;
    }
  }
  if (expected <= head_seq)
    bad(expected, "the newest entries are missing");
  else if (head_seq > 0 && previous != head_link)
    bad(head_seq, "the last entry is not the head");
  if (!checkpoints.empty()) bad(checkpoints.rbegin()->first, "the log ends before a checkpoint that was made of it");
  // Whatever stands beyond the head was not written by us, unless the head has moved meanwhile.
  AX_TRY(const auto beyond, database.read([&](db::Tx& tx) -> Result<bool> {
    AX_TRY(const auto now_head, tx.exec(kHead));
    AX_TRY(const auto rows, tx.exec(kPage, now_head.at(0).integer(0)));
    return !rows.empty();
  }));
  if (beyond) bad(head_seq + 1, "entries stand beyond the head");
  return report;
}

Result<> Log::checkpoint(db::Database& database, const std::string& checkpoint_file) const {
  AX_TRY(const auto head, database.read([](db::Tx& tx) { return tx.exec(kHead); }));
  if (head.empty() || head[0].integer(0) == 0) return {};
  const auto line = fmt::format("{} {} {}\n", head[0].integer(0), hex_encode(head[0].bytes(1)), head[0].text(2));
  {
    std::ifstream in{checkpoint_file};
    std::string last;
    for (std::string current; std::getline(in, current);) last = std::move(current);
    if (last + "\n" == line) return {};
  }
  const int fd = ::open(checkpoint_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return Error{Errc::unavailable, "cannot open the audit checkpoint file"};
  const bool ok = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!ok) return Error{Errc::unavailable, "cannot write the audit checkpoint file"};
  return {};
}

}  // namespace authx::audit
