#include "services/federation/federation_api.h"

#include "services/auth/cookies.h"
#include "services/auth/login_answer.h"
#include "services/oauth/outside_json.h"

namespace authx::federation {
namespace {

using namespace http;
using Manager = Can<Permission::manage_access>;

constexpr std::string_view kCookie = "__Host-authx_federation";

struct ProviderChoice {
  Uuid provider_id;
  std::string name;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ProviderChoice, (), (provider_id, name))

struct ProviderChoices {
  std::vector<ProviderChoice> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ProviderChoices, (), (items))

struct ProviderPath {
  Uuid provider_id;
};
BOOST_DESCRIBE_STRUCT(ProviderPath, (), (provider_id))

struct SendTo {
  std::string authorization_url;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(SendTo, (), (authorization_url))

struct OutsideAnswer {
  Text<1, 200> state;
  std::optional<Text<1, 2000>> code, iss, error;
  std::optional<bool> cookie;
  static constexpr auto example = R"({"state":"6dB1…","code":"SplxlOBeZQQYbYS6WxSbIA","iss":"https://accounts.example.com"})";
};
BOOST_DESCRIBE_STRUCT(OutsideAnswer, (), (state, code, iss, error, cookie))

struct LinkAnswer {
  Text<1, 200> state;
  std::optional<Text<1, 2000>> code, iss, error;
};
BOOST_DESCRIBE_STRUCT(LinkAnswer, (), (state, code, iss, error))

struct IdentityView {
  Uuid identity_id, provider_id;
  std::string provider;
  Time linked_at;
  std::optional<Time> last_used_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(IdentityView, (), (identity_id, provider_id, provider, linked_at, last_used_at))

struct IdentityViews {
  std::vector<IdentityView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(IdentityViews, (), (items))

struct IdentityPath {
  Uuid identity_id;
};
BOOST_DESCRIBE_STRUCT(IdentityPath, (), (identity_id))

struct NewProvider {
  Text<1, 100> name;
  Text<8, 500> issuer;
  Text<1, 500> client_id;
  std::optional<TokenText> client_secret;
  std::optional<Text<6, 300>> scopes;
  std::optional<List<Text<3, 253>, 0, 50>> domains;
  std::optional<bool> creates_accounts, enabled;
  static constexpr auto example =
      R"({"name":"Example","issuer":"https://accounts.example.com","client_id":"authx","client_secret":"s3cr3t","domains":["example.com"],"creates_accounts":true})";
};
BOOST_DESCRIBE_STRUCT(NewProvider, (), (name, issuer, client_id, client_secret, scopes, domains, creates_accounts, enabled))

struct ProviderChange {
  Uuid provider_id;
  Text<1, 100> name;
  Text<1, 500> client_id;
  std::optional<TokenText> client_secret;  ///< the present one when absent
  std::optional<Text<6, 300>> scopes;
  std::optional<List<Text<3, 253>, 0, 50>> domains;
  std::optional<bool> creates_accounts, enabled;
};
BOOST_DESCRIBE_STRUCT(ProviderChange, (), (provider_id, name, client_id, client_secret, scopes, domains, creates_accounts, enabled))

struct ProviderView {
  Uuid provider_id;
  std::string name, issuer, client_id, scopes;
  bool has_secret = false;
  std::vector<std::string> domains;
  bool creates_accounts = false, enabled = true;
  Time created_at, updated_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ProviderView, (),
                      (provider_id, name, issuer, client_id, scopes, has_secret, domains, creates_accounts, enabled, created_at,
                       updated_at))

struct ProviderViews {
  std::vector<ProviderView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ProviderViews, (), (items))

struct Said {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Said, (), (message))

ProviderView view(const Provider& p) {
  return {p.id,      p.name,       p.issuer,    p.client_id, p.scopes, !p.secret.empty(), p.domains, p.creates_accounts,
          p.enabled, p.created_at, p.updated_at};
}

template <class In>
Returned returned(In& in) {
  Returned out;
  out.state = std::move(in.state.value);
  if (in.code) out.code = std::move(in.code->value);
  if (in.iss) out.iss = std::move(in.iss->value);
  if (in.error) out.error = std::move(in.error->value);
  return out;
}

/// What both a new provider and a change say.
template <class In>
Result<Provider> asked(In& in) {
  Provider out;
  out.name = std::move(in.name.value);
  out.client_id = std::move(in.client_id.value);
  if (in.client_secret) out.secret = std::move(in.client_secret->value);
  out.scopes = in.scopes ? std::move(in.scopes->value) : std::string{"openid email profile"};
  if ((" " + out.scopes + " ").find(" openid ") == std::string::npos) return Error::invalid("scopes", "must hold openid");
  if (in.domains)
    for (auto& domain : in.domains->value) {
      for (char& c : domain.value)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      if (domain.value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos)
        return Error::invalid("domains", "holds what is no domain");
      out.domains.push_back(std::move(domain.value));
    }
  out.creates_accounts = in.creates_accounts.value_or(false);
  out.enabled = in.enabled.value_or(true);
  return out;
}

awaitable<Result<ProviderChoices>> choices(FederationService& service, const Anonymous& caller, Empty) {
  AX_CO_TRY(const auto found, co_await service.providers(caller.request.tenant));
  ProviderChoices out;
  for (const auto& one : found)
    if (one.enabled) out.items.push_back({one.id, one.name});
  co_return out;
}

awaitable<Result<WithHeaders<SendTo>>> begin(FederationService& service, const Visitor& caller, ProviderPath in) {
  AX_CO_TRY(auto begun, co_await service.begin(caller.request.tenant, in.provider_id));
  WithHeaders<SendTo> out{{std::move(begun.url)}, {auth::set_cookie(kCookie, begun.binding.expose(), FederationService::kPatience, false)}};
  co_return out;
}

awaitable<Result<auth::LoginAnswer>> finish(FederationService& service, const Visitor& caller, OutsideAnswer in) {
  const bool keep = in.cookie.value_or(false);
  SecretText binding{std::string{auth::cookie(caller.browser.cookies, kCookie)}};
  if (!caller.browser.same_origin) binding = SecretText{};
  AX_CO_TRY(auto entered, co_await service.finish(returned(in), std::move(binding), auth::client_of(caller, keep)));
  auto out = auth::answer_with(service.auth().sessions(), std::move(entered), keep);
  out.headers.push_back(auth::clear_cookie(kCookie));
  co_return out;
}

awaitable<Result<SendTo>> begin_link(FederationService& service, const RecentlySignedIn& caller, ProviderPath in) {
  AX_CO_TRY(auto begun, co_await service.begin_link(caller, in.provider_id));
  SendTo out{std::move(begun.url)};
  co_return out;
}

awaitable<Result<Said>> finish_link(FederationService& service, const SignedIn& caller, LinkAnswer in) {
  AX_CO_CHECK(co_await service.finish_link(caller, returned(in)));
  Said out{"The provider is linked; you can sign in through it"};
  co_return out;
}

awaitable<Result<IdentityViews>> identities(FederationService& service, const SignedIn& caller, Empty) {
  AX_CO_TRY(auto found, co_await service.identities(caller));
  IdentityViews out;
  for (auto& one : found) out.items.push_back({one.id, one.provider, std::move(one.provider_name), one.linked_at, one.used_at});
  co_return out;
}

awaitable<Result<Said>> unlink(FederationService& service, const RecentlySignedIn& caller, IdentityPath in) {
  AX_CO_CHECK(co_await service.unlink(caller, in.identity_id));
  Said out{"The provider is no longer linked"};
  co_return out;
}

awaitable<Result<ProviderViews>> list(FederationService& service, const Manager& caller, Empty) {
  AX_CO_TRY(const auto found, co_await service.providers(caller.request.tenant));
  ProviderViews out;
  for (const auto& one : found) out.items.push_back(view(one));
  co_return out;
}

awaitable<Result<ProviderView>> add(FederationService& service, const Manager& caller, NewProvider in) {
  AX_CO_TRY(auto provider, asked(in));
  provider.issuer = std::move(in.issuer.value);
  if (!oauth::is_endpoint(provider.issuer, service.allow_private()) || provider.issuer.find_first_of("?#") != std::string::npos) {
    Result<ProviderView> refused{Error::invalid("issuer", "must be an https address without query")};
    co_return refused;
  }
  AX_CO_TRY(const auto made, co_await service.add(caller, std::move(provider)));
  co_return view(made);
}

awaitable<Result<ProviderView>> change(FederationService& service, const Manager& caller, ProviderChange in) {
  AX_CO_TRY(auto provider, asked(in));
  provider.id = in.provider_id;
  AX_CO_TRY(const auto changed, co_await service.change(caller, std::move(provider)));
  co_return view(changed);
}

awaitable<Result<Said>> remove(FederationService& service, const Manager& caller, ProviderPath in) {
  AX_CO_CHECK(co_await service.remove(caller, in.provider_id));
  Said out{"The provider and all links to it are removed"};
  co_return out;
}

About about(std::string_view id, std::string_view summary, std::string_view tag, std::vector<Errc> errors = {}, int success = 200) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = tag;
  out.success = success;
  out.errors = std::move(errors);
  if (tag == "Authentication") out.bucket = "auth";
  return out;
}

}  // namespace

void add_routes(Router& router, FederationService& service) {
  constexpr std::string_view sign_in = "Authentication", account = "Account", administration = "Administration";
  router.get("/auth/federation/providers", service, &choices,
             about("listSignInProviders", "Outside providers to sign in through", sign_in));
  router.post("/auth/federation/providers/{provider_id}/start", service, &begin,
              about("startOutsideSignIn", "Where to send the browser to sign in through a provider", sign_in,
                    {Errc::not_found, Errc::unavailable}));
  router.post("/auth/federation/finish", service, &finish,
              about("finishOutsideSignIn", "Sign in with what the provider sent the browser back with; answers as login", sign_in,
                    {Errc::invalid_credentials, Errc::forbidden, Errc::conflict, Errc::unavailable}));
  router.post("/auth/federation/providers/{provider_id}/link", service, &begin_link,
              about("startProviderLink", "Where to send the browser to link a provider to the caller's account", account,
                    {Errc::not_found, Errc::unavailable}));
  router.post("/auth/federation/link/finish", service, &finish_link,
              about("finishProviderLink", "Link with what the provider sent the browser back with", account,
                    {Errc::invalid_credentials, Errc::conflict, Errc::unavailable}));
  router.get("/auth/federation/identities", service, &identities,
             about("listLinkedProviders", "Providers linked to the caller's account", account));
  router.add(Method::del, "/auth/federation/identities/{identity_id}", service, &unlink,
             about("unlinkProvider", "Unlink a provider, unless it is the only way in", account, {Errc::not_found, Errc::conflict}));
  router.get("/admin/federation/providers", service, &list, about("listOutsideProviders", "Configured outside providers", administration));
  router.post("/admin/federation/providers", service, &add,
              about("addOutsideProvider", "Configure an outside OpenID provider", administration, {Errc::conflict}, 201));
  router.add(Method::put, "/admin/federation/providers/{provider_id}", service, &change,
             about("changeOutsideProvider", "Change a provider; its issuer stays", administration, {Errc::not_found, Errc::conflict}));
  router.add(Method::del, "/admin/federation/providers/{provider_id}", service, &remove,
             about("removeOutsideProvider", "Remove a provider and all links to it", administration, {Errc::not_found}));
}

}  // namespace authx::federation
