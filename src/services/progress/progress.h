#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "http/router.h"
#include "http/websocket.h"

namespace authx::progress {

/// Wakes those who wait for news of a document or a verification: the WebSockets of this process. Thread-safe.
class Hub {
 public:
  std::uint64_t watch(const Uuid& subject, std::function<void()> waker);
  void unwatch(std::uint64_t token);
  void changed(const Uuid& subject);

 private:
  std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::pair<Uuid, std::function<void()>>> watchers_;
};

/// How far a subject is, as its topic tells it.
struct State {
  std::string data;  ///< JSON
  Time updated_at;
  bool is_final = false;
};

/// Reads a subject's state for a caller; `Errc::not_found` for absent ones and for others'.
using Topic = std::function<http::awaitable<Result<State>>(Uuid, const http::Principal&)>;

/// `/ws`: after {"type":"authenticate","token"} a client may send {"subscribe":"<topic>","id":"<uuid>"}, or in the older form
/// {"type":"subscribe","<topic>_id":"<uuid>"}; it then gets {"type":"<topic>","data":…} at once and at each change until the end.
http::WebSocketHandler socket(Hub& hub, std::map<std::string, Topic> topics, http::Authenticator authenticate);

}  // namespace authx::progress
