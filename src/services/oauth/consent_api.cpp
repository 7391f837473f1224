#include "services/oauth/oauth_api.h"

namespace authx::oauth {
namespace {

using namespace http;

struct HandleRequest {
  Text<1, 200> request;
};
BOOST_DESCRIBE_STRUCT(HandleRequest, (), (request))

struct DecisionRequest {
  Text<1, 200> request;
  bool approve = false;
};
BOOST_DESCRIBE_STRUCT(DecisionRequest, (), (request, approve))

struct UserCodeRequest {
  Text<1, 32> user_code;
};
BOOST_DESCRIBE_STRUCT(UserCodeRequest, (), (user_code))

struct DeviceDecision {
  Text<1, 32> user_code;
  bool approve = false;
};
BOOST_DESCRIBE_STRUCT(DeviceDecision, (), (user_code, approve))

struct ClientIdRequest {
  Uuid client_id;
};
BOOST_DESCRIBE_STRUCT(ClientIdRequest, (), (client_id))

struct PendingView {
  std::string client_id, client_name;
  std::optional<std::string> client_uri, policy_uri, tos_uri;
  std::string redirect_host;
  std::vector<std::string> scopes;
  std::vector<std::string> claims;  ///< asked for beside the scopes: `email`, `verified:birthdate`
  bool consent_needed = true;
  bool sign_in_again = false;
  std::optional<std::string> step_up_to;  ///< the assurance level to prove first
  bool may_interact = true;               ///< false: the application asked that the person sees nothing (`prompt=none`)
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PendingView, (),
                      (client_id, client_name, client_uri, policy_uri, tos_uri, redirect_host, scopes, claims, consent_needed,
                       sign_in_again, step_up_to, may_interact))

struct Redirect {
  std::string redirect_to;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Redirect, (), (redirect_to))

struct Said {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Said, (), (message))

struct ConsentView {
  std::string client_id, client_name;
  std::vector<std::string> scopes, claims;
  Time granted_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ConsentView, (), (client_id, client_name, scopes, claims, granted_at))

struct ConsentList {
  std::vector<ConsentView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ConsentList, (), (items))

/// Scopes, and the claims that were asked for or agreed to beside them.
struct Divided {
  std::vector<std::string> scopes, claims;
};
Divided divided(const Words& words) {
  Divided out;
  for (const auto& word : words) {
    if (word.starts_with("claim:"))
      out.claims.push_back(word.substr(6));
    else
      (word.starts_with("verified:") ? out.claims : out.scopes).push_back(word);
  }
  return out;
}

std::optional<std::string> unless_empty(const std::string& value) { return value.empty() ? std::nullopt : std::optional{value}; }

PendingView view(const Pending& in) {
  PendingView out;
  const auto& metadata = in.client->metadata;
  out.client_id = in.client->client_id;
  out.client_name = metadata.name.empty() ? in.client->client_id : metadata.name;
  out.client_uri = unless_empty(metadata.client_uri);
  out.policy_uri = unless_empty(metadata.policy_uri);
  out.tos_uri = unless_empty(metadata.tos_uri);
  const auto& uri = in.params.redirect_uri;
  const auto scheme = uri.find("://");
  if (scheme != std::string::npos) out.redirect_host = uri.substr(scheme + 3, uri.find_first_of("/?", scheme + 3) - scheme - 3);
  auto words = divided(in.params.consent_words());
  out.scopes = std::move(words.scopes);
  out.claims = std::move(words.claims);
  const bool refused = in.another_person || in.unmet;  // there is nothing to ask: the application is told at once
  out.consent_needed = in.consent_needed && !refused;
  out.sign_in_again = in.sign_in_again && !refused;
  if (in.step_up_to && !refused) out.step_up_to = std::string{acr_of(*in.step_up_to)};
  out.may_interact = in.params.prompt != "none";
  return out;
}

awaitable<Result<PendingView>> pending(OAuthService& service, const SignedIn& caller, HandleRequest in) {
  AX_CO_TRY(const auto found, co_await service.pending(caller, std::move(in.request.value)));
  co_return view(found);
}

awaitable<Result<Redirect>> decide(OAuthService& service, const SignedIn& caller, DecisionRequest in) {
  AX_CO_TRY(auto to, co_await service.decide(caller, std::move(in.request.value), in.approve));
  Redirect out{std::move(to)};
  co_return out;
}

awaitable<Result<Redirect>> give_up(OAuthService& service, const Anonymous&, HandleRequest in) {
  AX_CO_TRY(auto to, co_await service.give_up(std::move(in.request.value)));
  Redirect out{std::move(to)};
  co_return out;
}

awaitable<Result<PendingView>> device(OAuthService& service, const SignedIn& caller, UserCodeRequest in) {
  AX_CO_TRY(const auto found, co_await service.device(caller, std::move(in.user_code.value)));
  co_return view(found);
}

awaitable<Result<Said>> decide_device(OAuthService& service, const SignedIn& caller, DeviceDecision in) {
  AX_CO_CHECK(co_await service.decide_device(caller, std::move(in.user_code.value), in.approve));
  Said out{in.approve ? "The device is signed in" : "The device was refused"};
  co_return out;
}

awaitable<Result<ConsentList>> consents(OAuthService& service, const SignedIn& caller, Empty) {
  AX_CO_TRY(auto found, co_await service.consents(caller));
  ConsentList out;
  for (auto& c : found) {
    auto words = divided(c.scope);
    out.items.push_back({std::move(c.client_id), std::move(c.client_name), std::move(words.scopes), std::move(words.claims), c.granted_at});
  }
  co_return out;
}

awaitable<Result<Said>> withdraw(OAuthService& service, const SignedIn& caller, ClientIdRequest in) {
  AX_CO_CHECK(co_await service.withdraw(caller, in.client_id.str()));
  Said out{"The application has no access any more"};
  co_return out;
}

}  // namespace

void add_consent_routes(Router& router, OAuthService& service) {
  router.post("/oauth/requests/look", service, &pending,
              {.operation_id = "lookAtOAuthRequest",
               .summary = "What an application asks the caller for",
               .tag = "Applications",
               .errors = {Errc::not_found}});
  router.post("/oauth/requests/decide", service, &decide,
              {.operation_id = "decideOAuthRequest",
               .summary = "Allow or refuse it; answers where the browser goes next",
               .tag = "Applications",
               .errors = {Errc::not_found, Errc::insufficient_authentication}});
  router.post("/oauth/requests/give-up", service, &give_up,
              {.operation_id = "giveUpOAuthRequest",
               .summary = "Answer that nobody is signed in, when the application wants no page shown",
               .tag = "Applications",
               .bucket = "auth",
               .errors = {Errc::not_found}});
  router.post("/oauth/devices/look", service, &device,
              {.operation_id = "lookAtDevice",
               .summary = "What a device with this code asks the caller for",
               .tag = "Applications",
               .bucket = "auth",
               .errors = {Errc::not_found}});
  router.post("/oauth/devices/decide", service, &decide_device,
              {.operation_id = "decideDevice",
               .summary = "Sign the device in, or refuse it",
               .tag = "Applications",
               .bucket = "auth",
               .errors = {Errc::not_found}});
  router.get("/oauth/consents", service, &consents,
             {.operation_id = "listConsents", .summary = "Applications that the caller gave access", .tag = "Applications"});
  router.add(Method::del, "/oauth/consents/{client_id}", service, &withdraw,
             {.operation_id = "withdrawConsent",
              .summary = "Take an application's access away and end its sessions",
              .tag = "Applications",
              .errors = {Errc::not_found}});
}

}  // namespace authx::oauth
