#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace authx::oauth {

/// An address that may be called or sent to: https, or http to this machine when private peers are allowed.
bool is_endpoint(std::string_view url, bool allow_private);

/// Asks another server, whose address somebody else named, through `http::Client`: no redirect is followed, and no address is called that
/// is not public unless private peers are allowed. Posts `form` when there is one. Blocks, at most ten seconds.
/// The JSON object of an answer with status 200. Errors: `Errc::invalid_credentials` for a refused form (400 to 499), `Errc::overloaded`,
/// else `Errc::unavailable`; `detail` says what.
struct OutsideCall {
  std::string url;
  bool allow_private = false;
  std::vector<std::pair<std::string, std::string>> headers = {};
  const SecretText* form = nullptr;
  std::size_t answer_limit = std::size_t{256} << 10;
};
Result<json::object> call_outside(const OutsideCall& call);

}  // namespace authx::oauth
