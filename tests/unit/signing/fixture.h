#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/encoding.h"
#include "services/signing/signing_keys.h"

namespace authx::signing {

/// A database with clock and keyring, which several processes' keys share.
class SigningTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("authx-signing-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    auto opened = db::open({"sqlite:///" + (folder / "t.db").string(), 2});
    ASSERT_TRUE(opened);
    database = std::move(*opened);
    ASSERT_TRUE(db::migrate(*database));
  }
  void TearDown() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }
  json::object claims(std::chrono::seconds lifetime = std::chrono::hours{1}) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.now().time_since_epoch());
    return {{"sub", "somebody"}, {"iat", now.count()}, {"exp", (now + lifetime).count()}};
  }
  static json::object header_of(std::string_view token) {
    const auto text = base64url_decode(token.substr(0, token.find('.')));
    return parse_json(as_text(*text)).value().as_object();
  }
  static std::string kid_of(std::string_view token) { return std::string{header_of(token).at("kid").as_string()}; }

  std::filesystem::path folder;
  std::unique_ptr<db::Database> database;
  ManualClock clock{Time{std::chrono::seconds{1'790'000'000}}};
  crypto::Keyring keyring = [] {
    std::map<std::uint32_t, SecretBytes> masters;
    masters.emplace(1, SecretBytes{Bytes(32, 1)});
    return crypto::Keyring::create(std::move(masters), SecretBytes{Bytes(32, 2)}).value();
  }();
};

}  // namespace authx::signing
