#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace authx {

/// Calls an action at intervals on a thread of its own, from `start` until it goes away; then it waits for a call under way. Declare it
/// after everything that the action uses.
class Ticker {
 public:
  Ticker() = default;
  ~Ticker() {
    thread_.request_stop();
    sleep_.notify_all();
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void start(std::chrono::milliseconds every, std::function<void()> action) {
    thread_ = std::jthread{[this, every, action = std::move(action)](const std::stop_token& stop) {
      while (true) {
        {
          std::unique_lock lock{mutex_};
          sleep_.wait_for(lock, stop, every, [] { return false; });
        }
        if (stop.stop_requested()) return;
        action();
      }
    }};
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any sleep_;
  std::jthread thread_;
};

}  // namespace authx
