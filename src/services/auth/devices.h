#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "services/auth/auth_core.h"

/// Browsers that a person signed in from. They keep a random token; its hash is the account's.
namespace authx::auth::devices {

/// The hash of `token` when the account knows it.
Result<std::optional<Bytes>> known(db::Tx& tx, const Uuid& user, std::string_view token);
/// Remembers a browser that is signed in now; returns the token that it should keep, empty when it has one that counts.
Result<SecretText> remember(db::Tx& tx, const Core& core, const Uuid& user, const std::optional<Bytes>& device, std::string_view label);
/// Whether the person has signed in before, but never from such a device at this address.
Result<bool> is_new(db::Tx& tx, const Uuid& user, const http::RequestInfo& request);
/// How a person must have travelled since they were last seen, when nobody can: `places` tells where the addresses are. Nothing when it is
/// possible, or not known.
struct Travel {
  std::string from, to;  ///< countries
  double least_km = 0;
  std::chrono::seconds within{};
};
Result<std::optional<Travel>> impossible(db::Tx& tx, const Places& places, const Uuid& user, const http::RequestInfo& request, Time now);
Result<> forget_all(db::Tx& tx, const Uuid& user);

}  // namespace authx::auth::devices
