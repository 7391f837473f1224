#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace authx::auth {

/// Where an address is used, as a GeoIP database has it.
struct Place {
  double latitude = 0, longitude = 0;  ///< degrees
  double radius_km = 0;                ///< how far off that may be
  std::string country;                 ///< ISO 3166-1 alpha-2; empty when not told
};

/// A GeoIP database in MaxMind's format with `location` records (GeoLite2 City and what others build alike), supplied by the operator and
/// mapped, not loaded. Thread-safe.
class Places {
 public:
  /// Error: unavailable, with the reason.
  static Result<std::shared_ptr<const Places>> open(const std::string& path);
  ~Places();
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  /// Nothing for private, unknown and malformed addresses.
  std::optional<Place> of(std::string_view address) const;

 private:
  struct File;
  explicit Places(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

/// The way along a great circle, less what both places may be off; never negative.
double least_distance_km(const Place& a, const Place& b);

/// Nobody goes from one to the other in `between`: at least 300 km, faster than an airliner with its way to and from the airports
/// (900 km/h). Where both may be off by much, nothing is impossible.
bool impossible_travel(const Place& a, const Place& b, std::chrono::seconds between);

}  // namespace authx::auth
