#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "http/request.h"

namespace authx::http {

/// The one server that a client may speak to, and how. A client never follows a redirect, never uses a proxy, and refuses an
/// address that is not public unless `allow_private` says otherwise, so that no answer and no name server can send it elsewhere.
struct Peer {
  std::string base_url;         ///< https://host[:port][/path], no query; http only for a private address with `allow_private`
  bool allow_private = false;   ///< loopback, link-local, private and other special addresses too
  std::string ca_pem;           ///< authorities to trust instead of the system's
  std::string certificate_pem;  ///< of this client, for mutual TLS
  SecretText key_pem;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{15'000};
  std::size_t response_limit = std::size_t{256} << 10;
};

struct ClientRequest {
  Method method = Method::post;
  std::string path;  ///< appended to the base URL's; may have a query
  std::vector<std::pair<std::string, std::string>> headers;
  SecretText body;
};

struct ClientAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// Sends requests over HTTPS with libcurl's multi interface on one thread of its own; connections are kept and used again. TLS 1.2
/// or later with verified certificates, always. Thread-safe. Logs nothing of requests and answers.
/// Errors: `Errc::overloaded` (too many at once), `Errc::request_timeout`, `Errc::forbidden` (an address that is not allowed),
/// `Errc::payload_too_large` (of the answer), `Errc::unavailable` (anything else on the way). An answer of any status is no error.
class Client {
 public:
  /// Error: `Errc::validation` naming what is wrong with the peer.
  static Result<std::unique_ptr<Client>> create(Peer peer, std::size_t most_at_once = 32);
  ~Client();

  boost::asio::awaitable<Result<ClientAnswer>> send(ClientRequest request);
  /// For worker threads: waits for the answer.
  Result<ClientAnswer> call(ClientRequest request);

  const std::string& host() const noexcept;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Whether an address, in network form (4 or 16 bytes), is on the public internet: not loopback, private, link-local, shared,
/// documentation, benchmarking, multicast or reserved (IANA special-purpose registries, RFC 6890), nor an IPv6 form of one.
bool is_public_address(BytesView address) noexcept;

/// Stops asking a peer that keeps failing: after `failures` in a row it is left alone for `pause`, then one request tries it.
/// Thread-safe.
class CircuitBreaker {
 public:
  using Clock = std::chrono::steady_clock;
  CircuitBreaker(int failures, std::chrono::milliseconds pause) : limit_(failures), pause_(pause) {}

  bool allow(Clock::time_point now);  ///< true: go on, and tell how it went
  void succeeded();
  void failed(Clock::time_point now);

 private:
  std::mutex mutex_;
  int limit_;
  std::chrono::milliseconds pause_;
  int in_a_row_ = 0;
  bool trying_ = false;
  Clock::time_point open_until_{};
};

}  // namespace authx::http
