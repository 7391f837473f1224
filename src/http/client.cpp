#include "http/client.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <unistd.h>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/url.hpp>

#include <cstring>
#include <deque>
#include <future>

namespace authx::http {
namespace {

namespace asio = boost::asio;
using Done = std::function<void(Result<ClientAnswer>)>;

constexpr std::size_t kHeaderLimit = 32 * 1024;

void global_init() {
  static const bool done = ::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!done) std::abort();
}

/// First `bits` bits of both agree.
bool in_net(BytesView address, BytesView net, int bits) {
  for (int i = 0; i < bits; ++i) {
    const auto at = static_cast<std::size_t>(i / 8);
    const int shift = 7 - i % 8;
    if ((address[at] >> shift & 1) != (net[at] >> shift & 1)) return false;
  }
  return true;
}

struct Net4 {
  std::array<std::uint8_t, 4> net;
  int bits;
};
constexpr Net4 kSpecial4[] = {{{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10}, {{127, 0, 0, 0}, 8},
                              {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},  {{192, 0, 0, 0}, 24},  {{192, 0, 2, 0}, 24},
                              {{192, 88, 99, 0}, 24}, {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15}, {{198, 51, 100, 0}, 24},
                              {{203, 0, 113, 0}, 24}, {{224, 0, 0, 0}, 4},    {{240, 0, 0, 0}, 4}};

bool starts_with(BytesView address, std::initializer_list<std::uint8_t> bytes) {
  return std::equal(bytes.begin(), bytes.end(), address.begin());
}

struct EasyFree {
  void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};

/// One request on its way.
struct Exchange {
  std::unique_ptr<CURL, EasyFree> easy{::curl_easy_init()};
  std::unique_ptr<curl_slist, ListFree> headers;
  ClientRequest request;
  ClientAnswer answer;
  std::size_t header_bytes = 0;
  std::size_t limit = 0;
  bool too_large = false;
  bool allow_private = false;
  bool forbidden = false;
  Done done;

  void add_header(const std::string& line) {
    auto* more = ::curl_slist_append(headers.get(), line.c_str());
    if (more == nullptr) return;
    (void)headers.release();
    headers.reset(more);
  }
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* to) {
  auto& e = *static_cast<Exchange*>(to);
  if (e.answer.body.size() + size > e.limit) {
    e.too_large = true;
    return 0;
  }
  e.answer.body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* to) {
  auto& e = *static_cast<Exchange*>(to);
  e.header_bytes += size;
  if (e.header_bytes > kHeaderLimit) {
    e.too_large = true;
    return 0;
  }
  const std::string_view line{data, size};
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name{line.substr(0, colon)};
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' ')) value.remove_suffix(1);
    e.answer.headers[name] = std::string{value};
  }
  return size;
}

/// Called with the resolved address of every connection: a name that resolves to a private address is caught here.
curl_socket_t on_socket(void* to, curlsocktype, curl_sockaddr* address) {
  auto& e = *static_cast<Exchange*>(to);
  bool is_public = false;
  if (address->family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address->addr, sizeof in);
    is_public = is_public_address({reinterpret_cast<const std::uint8_t*>(&in.sin_addr), 4});
  } else if (address->family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address->addr, std::min<std::size_t>(sizeof in, address->addrlen));
    is_public = is_public_address({reinterpret_cast<const std::uint8_t*>(&in.sin6_addr), 16});
  }
  if (!is_public && !e.allow_private) {
    e.forbidden = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Result<ClientAnswer> outcome(Exchange& e, CURLcode code) {
  if (e.forbidden) return Error{Errc::forbidden, "the peer's address is not public"};
  if (e.too_large) return Error{Errc::payload_too_large, "the peer's answer is too large"};
  switch (code) {
    case CURLE_OK: return std::move(e.answer);
    case CURLE_OPERATION_TIMEDOUT: return Error{Errc::request_timeout, "the peer did not answer in time"};
    case CURLE_PEER_FAILED_VERIFICATION: return Error{Errc::unavailable, "the peer's certificate is not valid"};
    default: return Error{Errc::unavailable, fmt::format("the peer could not be asked: {}", ::curl_easy_strerror(code))};
  }
}

}  // namespace

bool is_public_address(BytesView address) noexcept {
  if (address.size() == 4) {
    return std::ranges::none_of(kSpecial4, [&](const Net4& n) { return in_net(address, n.net, n.bits); });
  }
  if (address.size() != 16) return false;
  if (starts_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return is_public_address(address.subspan(12));     // mapped
  if (starts_with(address, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) return is_public_address(address.subspan(12));  // NAT64
  if (starts_with(address, {0x20, 0x02})) return is_public_address(address.subspan(2, 4));                                 // 6to4
  if ((address[0] & 0xE0) != 0x20) return false;                                           // only 2000::/3 is global unicast
  if (starts_with(address, {0x20, 0x01, 0x0D, 0xB8})) return false;                        // documentation
  if (address[0] == 0x20 && address[1] == 0x01 && address[2] < 0x02) return false;         // 2001::/23: Teredo, benchmarking, ORCHID
  if (address[0] == 0x3F && address[1] == 0xFF && (address[2] & 0xF0) == 0) return false;  // documentation, RFC 9637
  return true;
}

struct Client::Impl {
  Peer peer;
  std::string host;
  std::size_t most = 32;
  CURLM* multi = nullptr;
  std::mutex mutex;
  std::deque<std::unique_ptr<Exchange>> waiting;
  std::size_t under_way = 0;
  bool stopping = false;
  std::map<CURL*, std::unique_ptr<Exchange>> running;  // the thread's own
  std::thread thread;

  void start(ClientRequest request, Done done) {
    auto e = std::make_unique<Exchange>();
    e->request = std::move(request);
    e->done = std::move(done);
    {
      const std::scoped_lock lock{mutex};
      if (!stopping && under_way < most && e->easy != nullptr) {
        ++under_way;
        waiting.push_back(std::move(e));
        ::curl_multi_wakeup(multi);
        return;
      }
    }
    Error full{Errc::overloaded, "too many requests to one peer"};
    full.retry_after = std::chrono::seconds{1};
    e->done(std::move(full));
  }

  void set_up(Exchange& e) {
    CURL* easy = e.easy.get();
    e.limit = peer.response_limit;
    e.allow_private = peer.allow_private;
    const auto set = [easy](CURLoption option, auto value) { ::curl_easy_setopt(easy, option, value); };
    const auto blob = [easy](CURLoption option, const std::string& pem) {
      curl_blob b{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};  // copied: curl's struct lacks const
      ::curl_easy_setopt(easy, option, &b);
    };
    const auto url = peer.base_url + e.request.path;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, peer.base_url.starts_with("https://") ? "https" : "http");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!peer.ca_pem.empty()) blob(CURLOPT_CAINFO_BLOB, peer.ca_pem);
    if (!peer.certificate_pem.empty()) {
      blob(CURLOPT_SSLCERT_BLOB, peer.certificate_pem);
      blob(CURLOPT_SSLKEY_BLOB, peer.key_pem.expose());
      set(CURLOPT_SSLCERTTYPE, "PEM");
      set(CURLOPT_SSLKEYTYPE, "PEM");
    }
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(peer.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(peer.total_timeout.count()));
    set(CURLOPT_MAXFILESIZE, static_cast<long>(peer.response_limit));
    set(CURLOPT_USERAGENT, "AuthX");
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, &e);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, &e);
    set(CURLOPT_OPENSOCKETFUNCTION, &on_socket);
    set(CURLOPT_OPENSOCKETDATA, &e);
    const std::string method{to_string(e.request.method)};
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
    if (e.request.method != Method::get) {
      const auto& body = e.request.body.expose();
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
      set(CURLOPT_POSTFIELDS, body.c_str());
    }
    e.add_header("Expect:");
    for (const auto& [name, value] : e.request.headers) e.add_header(name + ": " + value);
    set(CURLOPT_HTTPHEADER, e.headers.get());
  }

  void finish(std::unique_ptr<Exchange> e, CURLcode code) {
    auto result = outcome(*e, code);
    if (result) {
      long status = 0;
      ::curl_easy_getinfo(e->easy.get(), CURLINFO_RESPONSE_CODE, &status);
      result->status = static_cast<int>(status);
    }
    const auto done = std::move(e->done);
    e.reset();
    {
      const std::scoped_lock lock{mutex};
      --under_way;
    }
    done(std::move(result));
  }

  void run() {
    while (true) {
      std::deque<std::unique_ptr<Exchange>> fresh;
      bool stop = false;
      {
        const std::scoped_lock lock{mutex};
        fresh.swap(waiting);
        stop = stopping;
      }
      for (auto& e : fresh) {
        set_up(*e);
        CURL* easy = e->easy.get();
        if (!stop && ::curl_multi_add_handle(multi, easy) == CURLM_OK)
          running.emplace(easy, std::move(e));
        else
          finish(std::move(e), CURLE_ABORTED_BY_CALLBACK);
      }
      if (stop) break;
      int active = 0;
      ::curl_multi_perform(multi, &active);
      int left = 0;
      while (const CURLMsg* message = ::curl_multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const auto code = message->data.result;
        const auto found = running.find(message->easy_handle);
        if (found == running.end()) continue;
        auto e = std::move(found->second);
        running.erase(found);
        ::curl_multi_remove_handle(multi, e->easy.get());
        finish(std::move(e), code);
      }
      ::curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    for (auto& [easy, e] : running) {
      ::curl_multi_remove_handle(multi, easy);
      finish(std::move(e), CURLE_ABORTED_BY_CALLBACK);
    }
    running.clear();
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Client>> Client::create(Peer peer, std::size_t most_at_once) {
  global_init();
  const auto url = boost::urls::parse_uri(peer.base_url);
  if (!url || url->host().empty() || url->has_query() || url->has_fragment() || url->has_userinfo())
    return Error::invalid("url", "must be https://host[:port][/path]");
  if (url->scheme() != "https" && !(url->scheme() == "http" && peer.allow_private))
    return Error::invalid("url", "must begin with https://");
  if (peer.certificate_pem.empty() != peer.key_pem.empty())
    return Error::invalid("client certificate", "needs its key, and the other way round");
  auto impl = std::make_unique<Impl>();
  impl->host = url->host();
  while (peer.base_url.ends_with('/')) peer.base_url.pop_back();
  impl->peer = std::move(peer);
  impl->most = most_at_once;
  impl->multi = ::curl_multi_init();
  if (impl->multi == nullptr) return Error{Errc::internal, "curl_multi_init"};
  auto client = std::unique_ptr<Client>{new Client{std::move(impl)}};
  client->impl_->thread = std::thread{[i = client->impl_.get()] { i->run(); }};
  return client;
}

Client::~Client() {
  {
    const std::scoped_lock lock{impl_->mutex};
    impl_->stopping = true;
  }
  ::curl_multi_wakeup(impl_->multi);
  if (impl_->thread.joinable()) impl_->thread.join();
  ::curl_multi_cleanup(impl_->multi);
}

const std::string& Client::host() const noexcept { return impl_->host; }

asio::awaitable<Result<ClientAnswer>> Client::send(ClientRequest request) {
  // Held apart from the coroutine's frame: its awaiter may be gone when the answer comes.
  const auto result = std::make_shared<Result<ClientAnswer>>(Error{Errc::internal});
  auto start = [this, result, request = std::move(request)](auto handler) mutable {
    auto home = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    const auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    impl_->start(std::move(request), [result, home, resume](Result<ClientAnswer> answer) {
      *result = std::move(answer);
      asio::dispatch(home, [resume] { std::move (*resume)(); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(start), asio::use_awaitable);
  co_return std::move(*result);
}

Result<ClientAnswer> Client::call(ClientRequest request) {
  std::promise<Result<ClientAnswer>> promise;
  auto answer = promise.get_future();
  impl_->start(std::move(request), [&promise](Result<ClientAnswer> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

bool CircuitBreaker::allow(Clock::time_point now) {
  const std::scoped_lock lock{mutex_};
  if (in_a_row_ < limit_) return true;
  if (trying_ || now < open_until_) return false;
  trying_ = true;
  return true;
}

void CircuitBreaker::succeeded() {
  const std::scoped_lock lock{mutex_};
  in_a_row_ = 0;
  trying_ = false;
}

void CircuitBreaker::failed(Clock::time_point now) {
  const std::scoped_lock lock{mutex_};
  trying_ = false;
  ++in_a_row_;
  if (in_a_row_ >= limit_) open_until_ = now + pause_;
}

}  // namespace authx::http
