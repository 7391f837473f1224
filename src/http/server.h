#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/networks.h"
#include "http/rate_limit.h"
#include "http/router.h"
#include "http/static_files.h"
#include "http/websocket.h"

namespace authx::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;             ///< 0: the kernel chooses
  std::size_t threads = 2;               ///< one io_context each
  std::string tls_certificate, tls_key;  ///< PEM files; both or none
  std::size_t header_limit = 16 * 1024;
  std::size_t file_limit = 10 * 1024 * 1024;
  std::size_t max_connections = 10'000;
  std::chrono::seconds header_timeout{10};
  std::chrono::seconds idle_timeout{75};
  std::chrono::seconds drain_timeout{30};
  std::size_t body_bytes_per_second = 16 * 1024;  ///< slower uploads are cut
  std::string spool_folder = "/tmp";
  std::vector<std::string> cors_origins;
  Networks trusted_proxies;  ///< whose X-Forwarded-For counts
  bool access_log = true;
};

/// HTTP/1.1 server: one io_context per thread, one coroutine per connection. `run` blocks until `stop` and the drain that
/// follows: stop accepting, finish what is in flight, close the rest.
class Server {
 public:
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual void run() = 0;
  virtual void stop() = 0;  ///< from any thread or a signal-handling thread; idempotent
};

/// Binds at once, so that errors (`Errc::unavailable`: port taken, bad certificate) come before anything is announced.
Result<std::unique_ptr<Server>> create_server(ServerOptions options, Router& router, const StaticFiles& files, RateLimiter& limiter,
                                              WebSocketHandler websocket);

}  // namespace authx::http
