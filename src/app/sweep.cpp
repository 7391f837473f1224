#include "app/sweep.h"

namespace authx::app {
namespace {

constexpr db::Query kNamed{"sweep.named",
                           "SELECT 1 FROM documents WHERE id = $1 AND (front_image_url = $2 OR back_image_url = $2) "
                           "UNION ALL SELECT 1 FROM document_images WHERE document_id = $1 AND object = $2 "
                           "UNION ALL SELECT 1 FROM biometrics WHERE id = $1 AND biometric_data = $2 "
                           "UNION ALL SELECT 1 FROM face_entries WHERE id = $1 AND image = $2"};

/// When the id of a version 7 UUID was made.
Time made_at(const Uuid& id) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = (ms << 8) | id.bytes[i];
  return Time{std::chrono::milliseconds{ms}};
}

}  // namespace

Result<std::size_t> sweep_orphans(db::Database& database, blob::Store& blobs, Time now) {
  AX_TRY(const auto names, blobs.list());
  std::size_t removed = 0;
  for (const auto& name : names) {
    const auto id = Uuid::parse(std::string_view{name}.substr(0, 36));
    if (!id || made_at(*id) > now - std::chrono::hours{1}) continue;
    AX_TRY(const bool named, database.read([&](db::Tx& tx) -> Result<bool> {
      AX_TRY(const auto rows, tx.exec(kNamed, *id, name));
      return !rows.empty();
    }));
    if (named) continue;
    AX_CHECK(blobs.remove(name));
    ++removed;
  }
  return removed;
}

}  // namespace authx::app
