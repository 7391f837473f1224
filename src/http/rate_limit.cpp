#include "http/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace authx::http {

std::optional<std::chrono::seconds> RateLimiter::take(std::string_view bucket, std::string_view address, Clock::time_point now) {
  if (rates_.empty()) return std::nullopt;
  const auto rate = rates_.find(std::string{bucket});
  if (rate == rates_.end() || rate->second.per_second <= 0) return std::nullopt;
  std::string key;
  key.reserve(bucket.size() + address.size() + 1);
  key.append(bucket).append("|").append(address);
  Shard& shard = shards_[std::hash<std::string>{}(key) % shards_.size()];
  const auto [per_second, burst] = rate->second;
  const std::scoped_lock lock{shard.mutex};
  if (shard.states.size() > 100'000 / shards_.size())
    std::erase_if(shard.states, [&, refill = burst / per_second](const auto& entry) {
      return std::chrono::duration<double>(now - entry.second.at).count() >= refill;
    });
  auto [it, fresh] = shard.states.try_emplace(std::move(key), State{burst, now});
  State& state = it->second;
  if (!fresh) {
    state.tokens = std::min(burst, state.tokens + std::chrono::duration<double>(now - state.at).count() * per_second);
    state.at = now;
  }
  if (state.tokens >= 1) {
    state.tokens -= 1;
    return std::nullopt;
  }
  return std::chrono::seconds{std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil((1 - state.tokens) / per_second)))};
}

}  // namespace authx::http
