#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace authx::http {

struct Rate {
  double per_second = 0;  ///< 0: no limit
  double burst = 0;
};

/// Token buckets per (class, client address), in memory, sharded. Idle buckets are forgotten; at most about 100,000
/// addresses are remembered per class, so that a flood of addresses can't exhaust memory.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `bucket` → rate; classes without an entry are not limited.
  explicit RateLimiter(std::unordered_map<std::string, Rate> rates) : rates_(std::move(rates)) {}

  /// Nothing when the call may go on, else the seconds after which it may.
  std::optional<std::chrono::seconds> take(std::string_view bucket, std::string_view address, Clock::time_point now);

 private:
  struct State {
    double tokens;
    Clock::time_point at;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, State> states;
  };
  std::unordered_map<std::string, Rate> rates_;
  std::array<Shard, 16> shards_;
};

}  // namespace authx::http
