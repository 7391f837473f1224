#pragma once

#include <string_view>
#include <vector>

#include "services/auth/auth_core.h"
#include "services/users/users_service.h"

/// One-time codes by e-mail or SMS: 6 digits, valid for ten minutes, for the request that asked for them alone, once, with five tries.
namespace authx::auth::codes {

enum class Channel : std::uint8_t { email, sms };
std::string_view to_string(Channel channel) noexcept;

/// Sends a new code, which replaces the last one of the same request. `bound_to`: the hash of the request's token. `to`: an address or
/// number other than the account's.
/// Errors: rate_limited; conflict when the account has no such address.
Result<> send(db::Tx& tx, Core& core, const users::User& user, std::string_view purpose, const Bytes& bound_to, Channel channel,
              const http::RequestInfo& request, std::optional<std::string> to = std::nullopt);
/// Counts the try whatever comes of it: commit it.
Result<bool> verify(db::Tx& tx, const Core& core, const Uuid& user, std::string_view purpose, const Bytes& bound_to, std::string_view code);

/// The channels that a person switched on as a second factor: email, sms, face.
Result<std::vector<std::string>> channels(db::Tx& tx, const Uuid& user);
Result<> enable(db::Tx& tx, const Core& core, const Uuid& user, std::string_view kind);
Result<bool> disable(db::Tx& tx, const Uuid& user, std::string_view kind);

}  // namespace authx::auth::codes
