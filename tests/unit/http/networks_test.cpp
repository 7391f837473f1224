#include "http/networks.h"

#include <gtest/gtest.h>

namespace authx::http {
namespace {

Networks known(const std::vector<std::string>& texts) {
  auto out = Networks::parse(texts);
  EXPECT_TRUE(out);
  return out.value_or(Networks{});
}

TEST(Networks, HoldAddressesAndRangesOfBothFamilies) {
  const auto networks = known({"192.0.2.7", "10.0.0.0/8", "198.51.100.64/26", "2001:db8::/33", "::1"});
  for (const auto inside :
       {"192.0.2.7", "10.0.0.0", "10.255.255.255", "198.51.100.127", "2001:db8::5", "2001:db8:7fff::1", "::1", "::ffff:10.1.2.3"})
    EXPECT_TRUE(networks.contains(inside)) << inside;
  for (const auto outside : {"192.0.2.8", "11.0.0.0", "9.255.255.255", "198.51.100.128", "198.51.100.63", "2001:db8:8000::1", "::2",
                             "::a01:203", "", "nonsense", "10.0.0.1 ", "10.0.0.1/8", "fe80::1%1"})
    EXPECT_FALSE(networks.contains(outside)) << outside;
}

TEST(Networks, NothingAndEverything) {
  EXPECT_FALSE(Networks{}.contains("127.0.0.1"));
  EXPECT_TRUE(known({"0.0.0.0/0"}).contains("203.0.113.1"));
  EXPECT_FALSE(known({"0.0.0.0/0"}).contains("2001:db8::1"));
  EXPECT_TRUE(known({"::/0"}).contains("203.0.113.1"));
}

TEST(Networks, WhatIsNoRangeIsRefused) {
  for (const std::string text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/+8",
                                 "10.0.0.0/08x", "fd00::/129", "10.0", "host", "fe80::1%lo", "10.0.0.0 /8"})
    EXPECT_FALSE(Networks::parse({text})) << text;
}

}  // namespace
}  // namespace authx::http
