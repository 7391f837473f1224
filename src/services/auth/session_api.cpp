#include "services/auth/auth_api.h"
#include "services/auth/cookies.h"
#include "services/auth/login_answer.h"
#include "services/auth/session_item.h"

namespace authx::auth {
namespace {

using namespace http;

struct RefreshRequest {
  std::optional<TokenText> refresh_token;  // absent: it is in the cookie
  static constexpr auto example = R"({"refresh_token":"axr_AZAWPYaUc5uu…"})";
};
BOOST_DESCRIBE_STRUCT(RefreshRequest, (), (refresh_token))

struct SessionPath {
  Uuid session_id;
};
BOOST_DESCRIBE_STRUCT(SessionPath, (), (session_id))

struct RevokeAllRequest {
  std::optional<bool> keep_current;
  static constexpr auto example = R"({"keep_current":true})";
};
BOOST_DESCRIBE_STRUCT(RevokeAllRequest, (), (keep_current))

awaitable<Result<WithHeaders<LoginResult>>> refresh(AuthService& service, const Visitor& caller, RefreshRequest in) {
  const bool from_cookie = !in.refresh_token;
  SecretText token;
  std::optional<std::string> csrf;
  if (from_cookie) {
    token = SecretText{std::string{cookie(caller.browser.cookies, kRefreshCookie)}};
    csrf = caller.browser.csrf;
    if (token.empty() || !caller.browser.same_origin) {
      Result<WithHeaders<LoginResult>> refused{Error{Errc::unauthenticated, token.empty() ? "no refresh token" : "another origin"}};
      co_return refused;
    }
  } else {
    token = std::move(in.refresh_token->value);
  }
  AX_CO_TRY(auto tokens, co_await service.refresh(std::move(token), std::move(csrf), caller.request));
  co_return answer_with(service.sessions(), std::move(tokens), from_cookie);
}

awaitable<Result<WithHeaders<SessionsEnded>>> logout(AuthService& service, const SignedIn& caller, Empty) {
  AX_CO_CHECK(co_await service.logout(caller));
  WithHeaders<SessionsEnded> out{{1}, {clear_cookie(kRefreshCookie), clear_cookie(kCsrfCookie)}};
  co_return out;
}

awaitable<Result<SessionList>> list(AuthService& service, const SignedIn& caller, Empty) {
  AX_CO_TRY(auto sessions, co_await service.list_sessions(caller));
  SessionList out;
  for (auto& s : sessions) out.items.push_back(item_of(std::move(s), caller.session));
  co_return out;
}

awaitable<Result<SessionsEnded>> revoke(AuthService& service, const SignedIn& caller, SessionPath in) {
  AX_CO_CHECK(co_await service.revoke_session(caller, in.session_id));
  SessionsEnded out{1};
  co_return out;
}

awaitable<Result<SessionsEnded>> revoke_all(AuthService& service, const SignedIn& caller, RevokeAllRequest in) {
  AX_CO_TRY(const int ended, co_await service.revoke_sessions(caller, in.keep_current.value_or(false)));
  SessionsEnded out{ended};
  co_return out;
}

}  // namespace

Client client_of(const Visitor& caller, bool keeps_cookies) {
  return {caller.request, std::string{cookie(caller.browser.cookies, kDeviceCookie)}, keeps_cookies};
}

LoginAnswer answer_with(const Sessions& sessions, Entered entered, bool cookie) {
  LoginAnswer out;
  if (auto* needed = std::get_if<ProofNeeded>(&entered)) {
    out.body = FurtherProof{true, needed->token.expose(), std::move(needed->methods), needed->lifetime.count()};
    return out;
  }
  auto answer = answer_with(sessions, std::move(std::get<Tokens>(entered)), cookie);
  out.body = std::move(answer.body);
  out.headers = std::move(answer.headers);
  return out;
}

WithHeaders<LoginResult> answer_with(const Sessions& sessions, Tokens tokens, bool cookie) {
  WithHeaders<LoginResult> out;
  out.body.access_token = std::move(tokens.access_token);
  out.body.expires_in = tokens.lifetime.count();
  out.body.user = {tokens.user.id, std::move(tokens.user.name), std::move(tokens.user.email), std::string{to_string(tokens.user.role)}};
  if (!tokens.device_token.empty())
    out.headers.push_back(set_cookie(kDeviceCookie, tokens.device_token.expose(), std::chrono::days{400}, false));
  if (tokens.refresh_token.empty()) return out;
  if (cookie) {
    const auto lifetime = sessions.options().idle;
    out.headers.push_back(set_cookie(kRefreshCookie, tokens.refresh_token.expose(), lifetime, false));
    out.headers.push_back(set_cookie(kCsrfCookie, sessions.csrf_token(tokens.session), lifetime, true));
  } else {
    out.body.refresh_token = tokens.refresh_token.expose();
  }
  return out;
}

void add_session_routes(Router& router, AuthService& service) {
  router.post("/auth/refresh", service, &refresh,
              {.operation_id = "refreshTokens",
               .summary = "New tokens for a refresh token, which is used up. Without one in the body, the cookie's, with its X-CSRF-Token.",
               .tag = "Sessions",
               .bucket = "refresh",
               .errors = {Errc::unauthenticated}});
  router.post("/auth/logout", service, &logout,
              {.operation_id = "logout", .summary = "End the session that the token belongs to", .tag = "Sessions"});
  router.get("/auth/sessions", service, &list,
             {.operation_id = "listSessions", .summary = "The caller's live sessions, newest first", .tag = "Sessions"});
  router.add(
      Method::del, "/auth/sessions/{session_id}", service, &revoke,
      {.operation_id = "revokeSession", .summary = "End one of the caller's sessions", .tag = "Sessions", .errors = {Errc::not_found}});
  router.post("/auth/sessions/revoke-all", service, &revoke_all,
              {.operation_id = "revokeAllSessions", .summary = "End all of the caller's sessions, or all but this one", .tag = "Sessions"});
}

}  // namespace authx::auth
