#pragma once

#include <optional>
#include <string>

#include "http/router.h"
#include "services/auth/auth_service.h"

namespace authx::auth {

struct LoginUser {
  Uuid id;
  std::string name, email;
  std::string role;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(LoginUser, (), (id, name, email, role))

struct LoginResult {
  std::string access_token;
  std::string token_type = "bearer";
  std::int64_t expires_in = 0;
  std::optional<std::string> refresh_token;
  LoginUser user;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(LoginResult, (), (access_token, token_type, expires_in, refresh_token, user))

struct FurtherProof {
  bool mfa_required = true;
  std::string challenge_token;
  std::vector<std::string> methods;
  std::int64_t expires_in = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(FurtherProof, (), (mfa_required, challenge_token, methods, expires_in))

using LoginAnswer = http::WithHeaders<std::variant<LoginResult, FurtherProof>>;

/// What a handler knows of its client.
Client client_of(const http::Visitor& caller, bool keeps_cookies);

LoginAnswer answer_with(const Sessions& sessions, Entered entered, bool cookie);
/// The tokens as an answer; with `cookie`, the refresh token goes into an HttpOnly cookie and a CSRF token beside it.
http::WithHeaders<LoginResult> answer_with(const Sessions& sessions, Tokens tokens, bool cookie);

}  // namespace authx::auth
