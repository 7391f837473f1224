#include "services/auth/places.h"

#include <maxminddb.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace authx::auth {

struct Places::File {
  ~File() {
    if (open) MMDB_close(&mmdb);
  }
  MMDB_s mmdb{};
  bool open = false;
};

namespace {

template <class... Keys>
std::optional<MMDB_entry_data_s> value_at(MMDB_entry_s entry, std::uint32_t type, Keys... keys) {
  MMDB_entry_data_s data{};
  if (MMDB_get_value(&entry, &data, keys..., nullptr) != MMDB_SUCCESS || !data.has_data || data.type != type) return std::nullopt;
  return data;
}

}  // namespace

Places::Places(std::unique_ptr<File> file) : file_(std::move(file)) {}
Places::~Places() = default;

Result<std::shared_ptr<const Places>> Places::open(const std::string& path) {
  auto file = std::make_unique<File>();
  if (const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &file->mmdb); status != MMDB_SUCCESS)
    return Error{Errc::unavailable, "the GeoIP database " + path + " can't be used: " + MMDB_strerror(status)};
  file->open = true;
  return std::shared_ptr<const Places>{new Places{std::move(file)}};
}

std::optional<Place> Places::of(std::string_view address) const {
  const std::string text{address};
  int malformed = 0;
  int status = MMDB_SUCCESS;
  auto found = MMDB_lookup_string(&file_->mmdb, text.c_str(), &malformed, &status);
  if (malformed != 0 || status != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
  const auto latitude = value_at(found.entry, MMDB_DATA_TYPE_DOUBLE, "location", "latitude");
  const auto longitude = value_at(found.entry, MMDB_DATA_TYPE_DOUBLE, "location", "longitude");
  if (!latitude || !longitude) return std::nullopt;
  Place out;
  out.latitude = latitude->double_value;
  out.longitude = longitude->double_value;
  if (!(std::abs(out.latitude) <= 90) || !(std::abs(out.longitude) <= 180)) return std::nullopt;
  if (const auto radius = value_at(found.entry, MMDB_DATA_TYPE_UINT16, "location", "accuracy_radius")) out.radius_km = radius->uint16;
  if (const auto code = value_at(found.entry, MMDB_DATA_TYPE_UTF8_STRING, "country", "iso_code"); code && code->data_size == 2) {
    const std::string_view word{code->utf8_string, code->data_size};
    if (std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; })) out.country = word;
  }
  return out;
}

double least_distance_km(const Place& a, const Place& b) {
  constexpr double kEarth = 6371;
  constexpr double kRadian = std::numbers::pi / 180;
  const double north = std::sin((b.latitude - a.latitude) * kRadian / 2);
  const double east = std::sin((b.longitude - a.longitude) * kRadian / 2);
  const double h = north * north + std::cos(a.latitude * kRadian) * std::cos(b.latitude * kRadian) * east * east;
  const double way = 2 * kEarth * std::asin(std::min(1.0, std::sqrt(h)));
  return std::max(0.0, way - a.radius_km - b.radius_km);
}

bool impossible_travel(const Place& a, const Place& b, std::chrono::seconds between) {
  constexpr double kNear = 300;
  constexpr double kFast = 900;
  const double way = least_distance_km(a, b);
  const double hours = std::max(0.0, static_cast<double>(between.count()) / 3600.0);
  return way >= kNear && way > kFast * hours;
}

}  // namespace authx::auth
