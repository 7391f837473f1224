#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/request.h"

namespace authx::http {

/// One open WebSocket, used by one coroutine on the connection's thread. Messages are text, at most 16 KiB.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  /// The next message; nothing when `wait` passed or `wake` was called first; an error when the peer has gone.
  virtual boost::asio::awaitable<Result<std::optional<std::string>>> receive(std::chrono::milliseconds wait) = 0;
  virtual boost::asio::awaitable<Result<>> send(std::string message) = 0;
  /// Ends a pending `receive` early. From any thread; safe after the socket has gone.
  virtual std::function<void()> waker() = 0;
};

using WebSocketHandler = std::function<boost::asio::awaitable<void>(WebSocket&, RequestInfo)>;

}  // namespace authx::http
