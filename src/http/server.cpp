#include "http/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <deque>
#include <list>
#include <thread>

#include "base/random.h"
#include "http/multipart.h"
#include "telemetry/log.h"

namespace authx::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = beast::http;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using Steady = std::chrono::steady_clock;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

std::string_view sv(beast::string_view s) { return {s.data(), s.size()}; }

std::optional<Method> method_of(bhttp::verb verb) {
  switch (verb) {
    case bhttp::verb::get: return Method::get;
    case bhttp::verb::head: return Method::head;
    case bhttp::verb::post: return Method::post;
    case bhttp::verb::put: return Method::put;
    case bhttp::verb::patch: return Method::patch;
    case bhttp::verb::delete_: return Method::del;
    case bhttp::verb::options: return Method::options;
    default: return std::nullopt;
  }
}

/// A connection as its reactor's sweeper sees it: closed when its deadline passes, which ends every pending operation.
struct Connection {
  tcp::socket* socket = nullptr;
  Steady::time_point deadline = Steady::time_point::max();
  bool idle = true;             ///< between requests: closed at once when the server drains
  std::function<void()> leave;  ///< set by a WebSocket: asks it to say goodbye when the server drains
};

struct Reactor {
  asio::io_context io{1};
  asio::steady_timer sweep{io};
  std::list<Connection> connections;
  std::string date;  ///< HTTP-date, renewed by the sweeper
  Steady::time_point now = Steady::now();
};

void renew_date(Reactor& reactor) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto now = SystemClock{}.now();
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const Date date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(now - day)};
  reactor.date = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday{day}.c_encoding()],
                             static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                             static_cast<int>(date.year()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    default: return sv(bhttp::obsolete_reason(static_cast<bhttp::status>(status)));
  }
}

class ServerImpl;

/// The WebSocket that a handler sees: a reader coroutine fills a queue, so that waiting with a time limit never cuts a frame.
template <class Stream>
class WebSocketImpl final : public WebSocket {
 public:
  explicit WebSocketImpl(Stream stream) : shared_(std::make_shared<Shared>(std::move(stream))) {}

  template <class Body>
  awaitable<bool> accept(const bhttp::request<Body>& request) {
    auto& ws = shared_->ws;
    ws.read_message_max(16 * 1024);
    auto timeout = beast::websocket::stream_base::timeout::suggested(beast::role_type::server);
    ws.set_option(timeout);
    auto [ec] = co_await ws.async_accept(request, use_tuple);
    if (ec) co_return false;
    auto reader = read(shared_);
    asio::co_spawn(ws.get_executor(), std::move(reader), asio::detached);
    co_return true;
  }

  awaitable<Result<std::optional<std::string>>> receive(std::chrono::milliseconds wait) override {
    auto shared = shared_;
    if (shared->messages.empty() && !shared->closed && !shared->woken && !shared->leaving) {
      shared->timer.expires_after(wait);
      co_await shared->timer.async_wait(use_tuple);
    }
    shared->woken = false;
    std::optional<std::string> message;
    if (shared->leaving) {
      Result<std::optional<std::string>> gone{Errc::unavailable};
      co_return gone;
    }
    if (!shared->messages.empty()) {
      message = std::move(shared->messages.front());
      shared->messages.pop_front();
    } else if (shared->closed) {
      Result<std::optional<std::string>> gone{Errc::unavailable};
      co_return gone;
    }
    Result<std::optional<std::string>> out{std::move(message)};
    co_return out;
  }

  awaitable<Result<>> send(std::string message) override {
    auto shared = shared_;
    if (shared->closed) co_return Result<>{Errc::unavailable};
    shared->ws.text(true);
    auto [ec, n] = co_await shared->ws.async_write(asio::buffer(message), use_tuple);
    if (ec) co_return Result<>{Errc::unavailable};
    co_return Result<>{};
  }

  std::function<void()> waker() override {
    return [weak = std::weak_ptr{shared_}, executor = shared_->ws.get_executor()] {
      asio::post(executor, [weak] {
        if (auto shared = weak.lock()) {
          shared->woken = true;
          shared->timer.cancel();
        }
      });
    };
  }

  /// The server is going down: ends a pending `receive`, and the goodbye says so. On the connection's thread.
  void leave() {
    shared_->leaving = true;
    shared_->timer.cancel();
  }

  tcp::socket* lowest() { return &beast::get_lowest_layer(shared_->ws); }

  awaitable<void> close() {
    auto shared = shared_;
    const auto code = shared->leaving ? beast::websocket::close_code::going_away : beast::websocket::close_code::normal;
    if (!shared->closed) co_await shared->ws.async_close(code, use_tuple);
    beast::get_lowest_layer(shared->ws).close();
  }

 private:
  struct Shared {
    explicit Shared(Stream stream) : ws(std::move(stream)), timer(ws.get_executor()) {}
    beast::websocket::stream<Stream> ws;
    asio::steady_timer timer;
    std::deque<std::string> messages;
    bool closed = false;
    bool woken = false;
    bool leaving = false;
  };

  static awaitable<void> read(std::shared_ptr<Shared> shared) {
    while (true) {
      beast::flat_buffer buffer;
      auto [ec, n] = co_await shared->ws.async_read(buffer, use_tuple);
      if (ec || shared->messages.size() >= 16) break;  // a peer that floods is cut
      shared->messages.push_back(beast::buffers_to_string(buffer.data()));
      shared->timer.cancel();
    }
    shared->closed = true;
    shared->timer.cancel();
  }

  std::shared_ptr<Shared> shared_;
};

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, Router& router, const StaticFiles& files, RateLimiter& limiter, WebSocketHandler websocket)
      : options_(std::move(options)),
        router_(router),
        files_(files),
        limiter_(limiter),
        websocket_(std::move(websocket)),
        acceptor_(accept_io_) {}

  Result<> bind() {
    beast::error_code ec;
    if (!options_.tls_certificate.empty()) {
      tls_.emplace(ssl::context::tls_server);
      SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_3_VERSION);
      tls_->use_certificate_chain_file(options_.tls_certificate, ec);
      if (!ec) tls_->use_private_key_file(options_.tls_key, ssl::context::pem, ec);
      if (ec) return Error{Errc::unavailable, "TLS certificate or key cannot be used: " + ec.message()};
    }
    const auto address = asio::ip::make_address(options_.host, ec);
    if (ec) return Error{Errc::unavailable, "not an address to listen on: " + options_.host};
    const tcp::endpoint endpoint{address, options_.port};
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address{true}, ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(4096, ec);
    if (ec) return Error{Errc::unavailable, fmt::format("cannot listen on {}:{}: {}", options_.host, options_.port, ec.message())};
    return {};
  }

  std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }

  void run() override {
    for (std::size_t i = 0; i < options_.threads; ++i) reactors_.push_back(std::make_unique<Reactor>());
    std::vector<std::thread> threads;
    for (auto& reactor : reactors_) {
      renew_date(*reactor);
      auto sweeper = sweep(*reactor);
      asio::co_spawn(reactor->io, std::move(sweeper), asio::detached);
      threads.emplace_back([&io = reactor->io] { io.run(); });
    }
    auto acceptor = accept();
    asio::co_spawn(accept_io_, std::move(acceptor), asio::detached);
    accept_io_.run();
    for (auto& thread : threads) thread.join();
  }

  void stop() override {
    if (stopping_.exchange(true)) return;
    asio::post(accept_io_, [this] { acceptor_.close(); });
  }

 private:
  awaitable<void> accept() {
    std::size_t next = 0;
    while (!stopping_) {
      Reactor& reactor = *reactors_[next++ % reactors_.size()];
      auto [ec, socket] = co_await acceptor_.async_accept(reactor.io, use_tuple);
      if (ec == asio::error::operation_aborted || stopping_) break;
      if (ec) {  // out of descriptors: give the open connections time to end
        asio::steady_timer pause{accept_io_, std::chrono::milliseconds{50}};
        co_await pause.async_wait(use_tuple);
        continue;
      }
      if (open_ >= options_.max_connections) continue;  // closes the socket
      ++open_;
      auto serve = connection(reactor, std::move(socket));
      asio::co_spawn(reactor.io, std::move(serve), asio::detached);
    }
  }

  awaitable<void> sweep(Reactor& reactor) {
    Steady::time_point drain_until = Steady::time_point::max();
    while (true) {
      reactor.sweep.expires_after(std::chrono::milliseconds{stopping_ ? 50 : 500});
      co_await reactor.sweep.async_wait(use_tuple);
      const auto now = Steady::now();
      reactor.now = now;
      renew_date(reactor);
      if (stopping_ && drain_until == Steady::time_point::max()) drain_until = now + options_.drain_timeout;
      for (auto& connection : reactor.connections) {
        if (stopping_ && connection.leave && now < drain_until) {
          connection.leave();
          continue;
        }
        const bool expired = now >= connection.deadline || now >= drain_until || (stopping_ && connection.idle);
        beast::error_code ignored;
        if (expired && connection.socket != nullptr) connection.socket->close(ignored);
      }
      if (stopping_ && (reactor.connections.empty() || now >= drain_until)) break;
    }
  }

  awaitable<void> connection(Reactor& reactor, tcp::socket socket) {
    const auto self = reactor.connections.emplace(reactor.connections.end());
    beast::error_code ec;
    socket.set_option(tcp::no_delay{true}, ec);
    socket.non_blocking(true, ec);
    const auto peer = socket.remote_endpoint(ec);
    const std::string address = ec ? "" : peer.address().to_string();
    try {
      if (tls_) {
        ssl::stream<tcp::socket> stream{std::move(socket), *tls_};
        self->socket = &stream.next_layer();
        self->deadline = Steady::now() + options_.header_timeout;
        auto [failed] = co_await stream.async_handshake(ssl::stream_base::server, use_tuple);
        if (!failed) co_await session(reactor, *self, stream, address);
      } else {
        self->socket = &socket;
        co_await session(reactor, *self, socket, address);
        socket.shutdown(tcp::socket::shutdown_send, ec);
      }
    } catch (const std::exception& e) {
      log::error("connection_failed", {{"detail", e.what()}});
    }
    reactor.connections.erase(self);
    --open_;
  }

  template <class Stream>
  awaitable<void> session(Reactor& reactor, Connection& self, Stream& stream, const std::string& peer) {
    beast::flat_buffer buffer;
    buffer.reserve(8 * 1024);
    std::string head;
    while (!stopping_ || buffer.size() > 0) {
      self.idle = true;
      self.deadline = reactor.now + options_.idle_timeout;  // half a second old at most
      if (buffer.size() == 0) {
        auto [ec, n] = co_await stream.async_read_some(buffer.prepare(8 * 1024), use_tuple);
        if (ec) co_return;
        buffer.commit(n);
      }
      self.idle = false;
      const auto started = Steady::now();
      self.deadline = started + options_.header_timeout;
      bhttp::request_parser<bhttp::buffer_body> parser;
      parser.header_limit(static_cast<std::uint32_t>(options_.header_limit));
      parser.body_limit(boost::none);
      // Not async_read_header: a header that is there already would cost a turn of the event loop.
      beast::error_code header_error;
      while (true) {
        buffer.consume(parser.put(buffer.data(), header_error));
        if (header_error != bhttp::error::need_more) break;
        header_error = {};
        auto [ec, n] = co_await stream.async_read_some(buffer.prepare(8 * 1024), use_tuple);
        if (ec) co_return;
        buffer.commit(n);
      }
      Request request;
      request.info.id = new_request_id();
      request.info.ip = peer;
      if (header_error) {
        const auto answer = problem(header_error == bhttp::error::header_limit ? Error{Errc::payload_too_large, "header limit"}
                                                                               : Error::invalid("$", "malformed HTTP request"),
                                    request.info, router_.clock().now(), false);
        co_await write(reactor, stream, head, answer, request, false, {}, false);
        co_return;
      }
      auto& message = parser.get();
      fill(request, message, peer);
      bool keep_alive = message.keep_alive() && !stopping_;
      if (websocket_ && request.path == "/ws" && beast::websocket::is_upgrade(message)) {
        if (!origin_allowed(request.headers.origin, sv(message[bhttp::field::host]))) {
          const auto refused = problem(Error{Errc::forbidden, "websocket origin"}, request.info, router_.clock().now(), false);
          co_await write(reactor, stream, head, refused, request, false, {}, false);
          co_return;
        }
        self.deadline = Steady::time_point::max();
        co_await upgrade(self, stream, parser, request.info);
        co_return;
      }
      bool drained = false;
      Endpoint* endpoint = nullptr;
      Response response = co_await respond(self, stream, buffer, parser, request, endpoint, drained, head);
      if (stopping_ || (!drained && !parser.is_done())) keep_alive = false;
      const auto origin = origin_listed(request.headers.origin) ? request.headers.origin : std::string_view{};
      self.deadline = reactor.now + std::chrono::seconds{30} + std::chrono::seconds{response.body.size() / options_.body_bytes_per_second};
      const bool written = co_await write(reactor, stream, head, response, request, keep_alive, origin, endpoint == nullptr);
      record(request, endpoint, response.status, Steady::now() - started);
      if (!written) co_return;
      if (!keep_alive) {
        co_await linger(self, stream);
        co_return;
      }
    }
  }

  /// Reads what the client is still sending for a moment, so that it sees the answer and not a reset.
  template <class Stream>
  awaitable<void> linger(Connection& self, Stream& stream) {
    beast::error_code ec;
    if constexpr (std::is_same_v<Stream, tcp::socket>) stream.shutdown(tcp::socket::shutdown_send, ec);
    self.deadline = Steady::now() + std::chrono::seconds{2};
    std::array<char, 16 * 1024> sink;
    for (std::size_t total = 0; total < 64 * 1024 * 1024;) {
      auto [error, n] = co_await stream.async_read_some(asio::buffer(sink), use_tuple);
      if (error) break;
      total += n;
    }
  }

  template <class Stream, class Parser>
  awaitable<Response> respond(Connection& self, Stream& stream, beast::flat_buffer& buffer, Parser& parser, Request& request,
                              Endpoint*& endpoint, bool& drained, std::string& head) {
    const auto refuse = [&](const Error& error) {
      return refusal(endpoint != nullptr ? endpoint->about.error_form : ErrorForm::envelope, error, request.info, router_.clock().now(),
                     request.headers.accept.find("application/problem+json") != std::string_view::npos);
    };
    auto& message = parser.get();
    const auto method = method_of(message.method());
    if (!method) {
      const auto known = router_.match(Method::options, request.path, request.path_params);  // no endpoint has it: only the path counts
      if (!known.path_known) co_return refuse(Error{Errc::not_found, "no such path"});
      auto response = refuse(Error{Errc::method_not_allowed, "unknown method"});
      response.headers.emplace_back("Allow", known.allow);
      co_return response;
    }
    request.method = *method;
    if (*method == Method::options && !sv(message[bhttp::field::access_control_request_method]).empty()) co_return preflight(request);
    const auto match = router_.match(*method, request.path, request.path_params);
    endpoint = match.endpoint;
    if (endpoint == nullptr) {
      if (match.path_known) {
        auto response = refuse(Error{Errc::method_not_allowed});
        response.headers.emplace_back("Allow", match.allow);
        co_return response;
      }
      if ((*method == Method::get || *method == Method::head) && !request.path.starts_with("/v1/") && !request.path.starts_with("/scim/")) {
        if (auto file = files_.serve(request.path, request.headers)) co_return std::move(*file);
      }
      co_return refuse(Error{Errc::not_found, "no such path"});
    }
    if (const auto wait = limiter_.take(endpoint->about.bucket.empty() ? "api" : endpoint->about.bucket, request.info.ip, Steady::now())) {
      Error limited{Errc::rate_limited, "rate limit"};
      limited.retry_after = *wait;
      co_return refuse(limited);
    }
    if (auto early = router_.refuse_early(*endpoint, request)) co_return std::move(*early);

    const auto length = parser.content_length();
    if (endpoint->body == BodyKind::none) {
      if (parser.is_done())
        drained = true;
      else
        co_return refuse(Error::invalid("$", "this request takes no body"));
    } else {
      const std::size_t limit = endpoint->body == BodyKind::form ? options_.file_limit * 2 + 256 * 1024 : endpoint->about.body_limit;
      if (length && *length > limit) co_return refuse(too_large(limit));
      const bool scim = endpoint->about.error_form == ErrorForm::scim && is_type(request.headers.content_type, "application/scim+json");
      if (endpoint->body == BodyKind::json && !scim && !json_type(request.headers.content_type))
        co_return refuse(Error{Errc::unsupported_media_type, "not application/json"});
      if (endpoint->body == BodyKind::urlencoded && !is_type(request.headers.content_type, "application/x-www-form-urlencoded"))
        co_return refuse(Error{Errc::unsupported_media_type, "not form-encoded"});
      if (sv(message[bhttp::field::expect]) == "100-continue") {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(stream, asio::buffer(go_on), use_tuple);
      }
      self.deadline =
          Steady::now() + std::chrono::seconds{20} + std::chrono::seconds{length.value_or(limit) / options_.body_bytes_per_second};
      std::optional<MultipartParser> form;
      if (endpoint->body == BodyKind::form) {
        MultipartLimits limits;
        limits.file = options_.file_limit;
        limits.spool_folder = options_.spool_folder;
        auto created = MultipartParser::create(request.headers.content_type, limits);
        if (!created) co_return refuse(created.error());
        form.emplace(std::move(*created));
      }
      std::size_t total = 0;
      head.resize(64 * 1024);  // the answer's head is written later: its memory serves as the piece buffer till then
      while (!parser.is_done()) {
        message.body().data = head.data();
        message.body().size = head.size();
        message.body().more = true;
        auto [ec, n] = co_await bhttp::async_read_some(stream, buffer, parser, use_tuple);
        const std::size_t got = head.size() - message.body().size;
        if (ec && ec != bhttp::error::need_buffer) {
          if (self.socket == nullptr || !self.socket->is_open()) co_return refuse(Error{Errc::request_timeout});
          co_return refuse(Error::invalid("$", "the body is malformed or ends early"));
        }
        total += got;
        if (total > limit) co_return refuse(too_large(limit));
        const std::string_view piece{head.data(), got};
        if (form) {
          if (auto fed = form->feed(piece); !fed) co_return refuse(fed.error());
        } else {
          request.body += piece;
        }
      }
      drained = true;
      if (form) {
        auto finished = form->finish();
        if (!finished) co_return refuse(finished.error());
        request.form = std::move(*finished);
      }
    }
    self.deadline = Steady::time_point::max();  // our own work is bounded by its own deadlines
    try {
      co_return co_await endpoint->invoke(request);
    } catch (const std::exception& e) {
      log::error("request_failed", {{"request_id", request.info.id}, {"endpoint", endpoint->path}, {"detail", e.what()}});
    }
    co_return refuse(Error{Errc::internal});
  }

  template <class Stream, class Parser>
  awaitable<void> upgrade(Connection& self, Stream& stream, Parser& parser, RequestInfo info) {
    WebSocketImpl<Stream> ws{std::move(stream)};
    self.socket = ws.lowest();
    auto message = parser.release();
    if (!co_await ws.accept(message)) co_return;
    self.leave = [&ws] { ws.leave(); };
    try {
      co_await websocket_(ws, std::move(info));
    } catch (const std::exception& e) {
      log::error("websocket_failed", {{"detail", e.what()}});
    }
    self.leave = nullptr;
    self.deadline = Steady::now() + std::chrono::seconds{5};
    co_await ws.close();
    self.socket = nullptr;
  }

  template <class Stream>
  awaitable<bool> write(const Reactor& reactor, Stream& stream, std::string& head, const Response& response, const Request& request,
                        bool keep_alive, std::string_view cors_origin, bool page) {
    head.clear();
    head += "HTTP/1.1 ";
    head += fmt::format_int{response.status}.c_str();
    head += ' ';
    head += reason(response.status);
    head += "\r\nDate: ";
    head += reactor.date;
    if (response.status != 204) {  // RFC 9110, 8.6: an answer that never has a body tells no length
      head += "\r\nContent-Length: ";
      head += fmt::format_int{response.body.size()}.c_str();
    }
    head += "\r\nX-Request-Id: ";
    head += request.info.id;
    head += "\r\n";
    if (response.status != 304 && response.status != 204) {
      head += "Content-Type: ";
      head += response.content_type;
      head += "\r\n";
    }
    head += "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n";
    if (!response.cacheable) head += "Cache-Control: no-store\r\n";
    if (page)
      head +=
          "Content-Security-Policy: default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' "
          "blob:; "
          "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'\r\n"
          "Permissions-Policy: camera=(self), microphone=(), geolocation=()\r\nCross-Origin-Opener-Policy: same-origin\r\n";
    if (tls_) head += "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
    if (!cors_origin.empty()) {
      head += "Access-Control-Allow-Origin: ";
      head += cors_origin;
      head += "\r\nAccess-Control-Expose-Headers: X-Request-Id, Retry-After\r\nVary: Origin\r\n";
    }
    for (const auto& [name, value] : response.headers) {
      head += name;
      head += ": ";
      head += value;
      head += "\r\n";
    }
    head += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
    const bool with_body = request.method != Method::head && response.status != 304;
    std::array<asio::const_buffer, 2> parts{asio::buffer(head), with_body ? asio::buffer(response.body) : asio::const_buffer{}};
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
      // The kernel takes nearly every answer whole; only what is left needs the event loop.
      beast::error_code ec;
      std::size_t sent = stream.write_some(parts, ec);
      if (ec && ec != asio::error::would_block && ec != asio::error::try_again) co_return false;
      if (ec) sent = 0;
      for (auto& part : parts) {
        const std::size_t whole = std::min(sent, part.size());
        part += whole;
        sent -= whole;
      }
      if (asio::buffer_size(parts) == 0) co_return true;
    }
    auto [ec, n] = co_await asio::async_write(stream, parts, use_tuple);
    co_return !ec;
  }

  template <class Message>
  void fill(Request& request, const Message& message, const std::string& peer) {
    const auto target = sv(message.target());
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    auto& h = request.headers;
    std::string_view forwarded;
    for (const auto& field : message) {
      const auto value = sv(field.value());
      switch (field.name()) {
        case bhttp::field::authorization: h.authorization = value; break;
        case bhttp::field::content_type: h.content_type = value; break;
        case bhttp::field::user_agent: h.user_agent = value; break;
        case bhttp::field::accept: h.accept = value; break;
        case bhttp::field::accept_encoding: h.accept_encoding = value; break;
        case bhttp::field::origin: h.origin = value; break;
        case bhttp::field::if_none_match: h.if_none_match = value; break;
        case bhttp::field::if_match: h.if_match = value; break;
        case bhttp::field::prefer: h.prefer = value; break;
        case bhttp::field::cookie: h.cookie = value; break;
        case bhttp::field::host: h.host = value; break;
        default:
          if (field.name() != bhttp::field::unknown) break;
          if (beast::iequals(field.name_string(), "X-Forwarded-For"))
            forwarded = value;
          else if (beast::iequals(field.name_string(), "X-CSRF-Token"))
            h.csrf = value;
          else if (beast::iequals(field.name_string(), "X-Organization"))
            h.organization = value;
          else if (beast::iequals(field.name_string(), "DPoP"))
            h.dpop = h.dpop.empty() ? value : std::string_view{"repeated"};  // RFC 9449, 4.3: exactly one
      }
    }
    request.info.user_agent = h.user_agent.substr(0, 255);
    request.same_origin = origin_allowed(h.origin, sv(message[bhttp::field::host]));
    // The last address that no trusted proxy wrote is the client; everything left of it could be forged.
    if (!forwarded.empty() && trusted(peer)) {
      std::string_view rest = forwarded;
      while (!rest.empty()) {
        const auto comma = rest.rfind(',');
        auto hop = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
        while (hop.starts_with(' ')) hop.remove_prefix(1);
        while (hop.ends_with(' ')) hop.remove_suffix(1);
        beast::error_code ec;
        const auto address = asio::ip::make_address(std::string{hop.substr(0, 64)}, ec);
        if (ec) break;
        request.info.ip = address.to_string();
        if (!trusted(request.info.ip)) break;
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(0, comma);
      }
    }
  }

  Response preflight(const Request& request) const {
    Response response;
    response.status = 204;
    if (origin_listed(request.headers.origin)) {
      response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
      response.headers.emplace_back("Access-Control-Allow-Headers",
                                    "Authorization, Content-Type, Prefer, Idempotency-Key, DPoP, X-Organization");
      response.headers.emplace_back("Access-Control-Max-Age", "600");
    }
    return response;
  }

  bool origin_listed(std::string_view origin) const {
    return !origin.empty() && std::ranges::find(options_.cors_origins, origin) != options_.cors_origins.end();
  }
  bool origin_allowed(std::string_view origin, std::string_view host) const {
    if (origin.empty() || origin_listed(origin)) return true;
    const auto scheme = origin.find("://");
    return scheme != std::string_view::npos && origin.substr(scheme + 3) == host;
  }
  bool trusted(const std::string& address) const { return options_.trusted_proxies.contains(address); }

  static bool is_type(std::string_view type, std::string_view wanted) {
    if (type.size() < wanted.size() || !beast::iequals(type.substr(0, wanted.size()), wanted)) return false;
    return type.size() == wanted.size() || type[wanted.size()] == ';' || type[wanted.size()] == ' ';
  }
  static bool json_type(std::string_view type) { return is_type(type, "application/json"); }

  static Error too_large(std::size_t limit) {
    Error error{Errc::payload_too_large};
    error.faults.push_back({"$", "is larger than " + std::to_string(limit) + " bytes"});
    return error;
  }

  static std::string new_request_id() {
    Uuid id;
    thread_local std::array<std::uint8_t, 1024> pool;
    thread_local std::size_t used = sizeof pool;
    if (used == sizeof pool) {
      random_bytes(pool);
      used = 0;
    }
    std::copy_n(pool.data() + used, 16, id.bytes.data());
    used += 16;
    std::string out(40, '\0');
    std::ranges::copy(std::string_view{"req_"}, out.begin());
    id.write(out.data() + 4);
    return out;
  }

  void record(const Request& request, Endpoint* endpoint, int status, Steady::duration took) {
    const double seconds = std::chrono::duration<double>(took).count();
    duration_.observe(seconds);
    if (endpoint != nullptr) {
      auto& counter = endpoint->counters[static_cast<std::size_t>(status)];
      if (!counter.load(std::memory_order_acquire)) {
        auto* made = new metrics::Counter{metrics::http_requests(to_string(endpoint->method), endpoint->path, status)};
        metrics::Counter* expected = nullptr;
        if (!counter.compare_exchange_strong(expected, made)) delete made;
      }
      counter.load(std::memory_order_acquire)->add();
    } else {
      metrics::http_requests(to_string(request.method), "other", status).add();
    }
    if (options_.access_log)
      log::info("request", {{"request_id", request.info.id},
                            {"method", to_string(request.method)},
                            {"endpoint", endpoint != nullptr ? std::string_view{endpoint->path} : std::string_view{"other"}},
                            {"status", status},
                            {"ms", seconds * 1000},
                            {"ip", request.info.ip}});
  }

  ServerOptions options_;
  Router& router_;
  const StaticFiles& files_;
  RateLimiter& limiter_;
  WebSocketHandler websocket_;
  std::optional<ssl::context> tls_;
  asio::io_context accept_io_{1};
  tcp::acceptor acceptor_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> open_{0};
  metrics::Histogram duration_ = metrics::http_duration();
};

}  // namespace

Result<std::unique_ptr<Server>> create_server(ServerOptions options, Router& router, const StaticFiles& files, RateLimiter& limiter,
                                              WebSocketHandler websocket) {
  auto server = std::make_unique<ServerImpl>(std::move(options), router, files, limiter, std::move(websocket));
  AX_CHECK(server->bind());
  return std::unique_ptr<Server>{std::move(server)};
}

}  // namespace authx::http
