#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace authx::http {
namespace {

bool is_public(const char* text) {
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, text, bytes.data()) == 1) return is_public_address(BytesView{bytes}.first(4));
  EXPECT_EQ(::inet_pton(AF_INET6, text, bytes.data()), 1) << text;
  return is_public_address(bytes);
}

TEST(PublicAddress, KnowsWhatIsNotOnThePublicInternet) {
  for (const auto* address :
       {"0.0.0.0",      "10.1.2.3",         "100.64.0.1",      "127.0.0.1",       "127.255.255.254", "169.254.169.254",
        "172.16.0.1",   "172.31.255.255",   "192.0.0.1",       "192.0.2.1",       "192.168.1.1",     "198.18.0.1",
        "198.51.100.7", "203.0.113.9",      "224.0.0.1",       "240.0.0.1",       "255.255.255.255", "::",
        "::1",          "fe80::1",          "fc00::1",         "fd12:3456::1",    "ff02::1",         "2001:db8::1",
        "2001::1",      "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",   "2002:c0a8:101::",
        "::127.0.0.1",  "3fff::1"})
    EXPECT_FALSE(is_public(address)) << address;
  for (const auto* address : {"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.0.1.1", "198.20.0.1",
                              "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"})
    EXPECT_TRUE(is_public(address)) << address;
  EXPECT_FALSE(is_public_address(Bytes(5, 8)));
}

TEST(Client, RefusesPeersThatItCouldNotTrust) {
  const auto refused = [](auto change) {
    Peer peer;
    peer.base_url = "https://example.org/v1";
    change(peer);
    return !Client::create(std::move(peer));
  };
  EXPECT_FALSE(refused([](Peer&) {}));
  for (const auto* url : {"", "example.org", "http://example.org/", "ftp://example.org/", "https:///path", "https://user@example.org/",
                          "https://user:pw@example.org/", "https://example.org/?q=1", "https://example.org/#x", "file:///etc/passwd"})
    EXPECT_TRUE(refused([url](Peer& p) { p.base_url = url; })) << url;
  EXPECT_TRUE(refused([](Peer& p) { p.certificate_pem = "x"; }));
  EXPECT_TRUE(refused([](Peer& p) { p.key_pem = SecretText{"x"}; }));
}

TEST(Client, APrivateAddressIsRefusedBeforeAnythingIsSent) {
  Peer peer;
  peer.base_url = "https://127.0.0.1:9";
  auto client = Client::create(peer);
  ASSERT_TRUE(client);
  const auto answer = (*client)->call({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::forbidden);
}

TEST(Client, AStoppedClientAnswersWhatWasUnderWay) {
  Peer peer;
  peer.base_url = "https://127.0.0.1:9";
  peer.allow_private = true;
  auto client = Client::create(peer);
  ASSERT_TRUE(client);
  const auto answer = (*client)->call({});  // nobody listens on the discard port
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  client->reset();
}

TEST(CircuitBreaker, OpensAfterFailuresInARowAndTriesOnceAfterThePause) {
  using namespace std::chrono_literals;
  CircuitBreaker breaker{3, 10s};
  const auto start = CircuitBreaker::Clock::time_point{} + 1h;
  for (int i = 0; i < 2; ++i) breaker.failed(start);
  breaker.succeeded();
  for (int i = 0; i < 2; ++i) breaker.failed(start);
  EXPECT_TRUE(breaker.allow(start));
  breaker.failed(start);
  EXPECT_FALSE(breaker.allow(start + 9s));
  EXPECT_TRUE(breaker.allow(start + 10s));
  EXPECT_FALSE(breaker.allow(start + 10s)) << "one probe at a time";
  breaker.failed(start + 10s);
  EXPECT_FALSE(breaker.allow(start + 19s));
  EXPECT_TRUE(breaker.allow(start + 20s));
  breaker.succeeded();
  EXPECT_TRUE(breaker.allow(start + 20s));
  EXPECT_TRUE(breaker.allow(start + 20s));
}

}  // namespace
}  // namespace authx::http
