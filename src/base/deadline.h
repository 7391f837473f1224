#pragma once

#include <chrono>
#include <stop_token>

namespace authx {

/// When work must end, and whether its caller has gone. Engines check it between stages.
struct Deadline {
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::time_point::max();
  std::stop_token stop;

  static Deadline after(std::chrono::milliseconds ms) { return {std::chrono::steady_clock::now() + ms, {}}; }
  bool passed() const noexcept { return stop.stop_requested() || std::chrono::steady_clock::now() >= at; }
};

}  // namespace authx
