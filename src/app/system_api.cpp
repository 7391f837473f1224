#include <mutex>

#include "app/runtime.h"
#include "app/version.h"
#include "services/auth/auth_api.h"
#include "services/documents/documents_api.h"
#include "services/faces/faces_api.h"
#include "services/federation/federation_api.h"
#include "services/oauth/oauth_api.h"
#include "services/scim/scim_api.h"
#include "services/verifications/verifications_api.h"
#include "telemetry/metrics.h"

namespace authx::app {
namespace {

using namespace http;

struct System {
  System(Runtime& r, Router& routes) : runtime(r), router(routes) {}
  Runtime& runtime;
  Router& router;
  std::once_flag once;
  std::string openapi;
};

struct ServiceHealth {
  std::string database, redis, ai_models, job_queue;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ServiceHealth, (), (database, redis, ai_models, job_queue))

struct SystemHealth {
  double cpu_percent = 0, memory_percent = 0, disk_percent = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(SystemHealth, (), (cpu_percent, memory_percent, disk_percent))

struct Health {
  std::string status;
  Time timestamp;
  std::string version;
  ServiceHealth services;
  SystemHealth system;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, timestamp, version, services, system))

struct Ready {
  std::string status;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Ready, (), (status))

struct Alive {
  std::string status;
  Time timestamp;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Alive, (), (status, timestamp))

awaitable<Result<Bare<Health>>> health(System& system, const Anonymous&, Empty) {
  Runtime& r = system.runtime;
  auto ping = [&r]() -> Result<bool> { return r.storage->database->ping().has_value(); };
  const auto database = co_await r.files->run(ping);
  auto depth = [&r]() { return r.queue->depth(); };
  const auto queued = co_await r.files->run(depth);
  const bool database_ok = database && *database;
  const bool models_ok = !r.models || r.models->ready();
  const auto load = metrics::system_load(r.config.data_dir);
  Bare<Health> out;
  out.body.status = !database_ok ? "unhealthy" : models_ok ? "healthy" : "degraded";
  out.body.timestamp = r.storage->clock.now();
  out.body.version = kVersion;
  out.body.services = {database_ok ? "healthy" : "unhealthy", "not configured", models_ok ? "healthy" : "unavailable",
                       queued ? fmt::format("{} waiting or running", *queued) : "unhealthy"};
  out.body.system = {load.cpu_percent, load.memory_percent, load.disk_percent};
  out.status = database_ok ? 200 : 503;
  co_return out;
}

awaitable<Result<Bare<Ready>>> ready(System& system, const Anonymous&, Empty) {
  Runtime& r = system.runtime;
  auto ping = [&r]() -> Result<bool> { return r.storage->database->ping().has_value(); };
  const auto database = co_await r.files->run(ping);
  const bool ok = database && *database && (!r.models || r.models->ready());
  Bare<Ready> out{{ok ? "ready" : "not ready"}, ok ? 200 : 503};
  co_return out;
}

awaitable<Result<Bare<Alive>>> alive(System& system, const Anonymous&, Empty) {
  Bare<Alive> out{{"alive", system.runtime.storage->clock.now()}, 200};
  co_return out;
}

awaitable<Result<RawResponse>> metrics_page(System& system, const Anonymous&, Empty) {
  if (auto* verifications = system.runtime.verifications.get()) {
    auto count = [verifications] { return verifications->count_active(); };
    const auto active = co_await system.runtime.files->run(count);
    if (active) metrics::active_verifications().set(static_cast<double>(*active));
  }
  RawResponse out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = metrics::exposition();
  co_return out;
}

awaitable<Result<RawResponse>> openapi(System& system, const Anonymous&, Empty) {
  std::call_once(system.once, [&] { system.openapi = json::serialize(system.router.openapi(kVersion)); });
  RawResponse out;
  out.content_type = "application/json";
  out.body = system.openapi;
  co_return out;
}

}  // namespace

void mount(Router& router, Runtime& runtime) {
  router.set_authenticator([auth = runtime.auth.get(), oauth = runtime.oauth.get(), keys = runtime.api_keys.get(),
                            directory = runtime.directory.get()](std::string_view token) -> Result<Principal> {
    const auto check = [&]() -> Result<Principal> {
      if (access::ApiKeys::is_key(token)) return keys->authenticate(token);
      if (!crypto::JwtHs256::has_own_header(token) && oauth::is_access_token(token)) return oauth->authenticate(token);
      return auth->authenticate(token);
    };
    AX_TRY(auto who, check());
    if (!directory->open(who.request.tenant)) return Error{Errc::unauthenticated, "organisation"};
    who.permissions = within(who.permissions, who.request.tenant);
    return who;
  });
  router.set_tenant_finder([directory = runtime.directory.get()](const RequestHeaders& headers) { return directory->of(headers); });
  if (runtime.serves("auth")) {
    auth::add_routes(router, *runtime.auth);
    auth::add_account_routes(router, *runtime.accounts);
    auth::add_account_admin_routes(router, *runtime.accounts);
    oauth::add_routes(router, *runtime.oauth);
    access::add_routes(router, *runtime.api_keys);
    access::add_role_routes(router, *runtime.roles);
    federation::add_routes(router, *runtime.federation);
    scim::add_routes(router, *runtime.scim);
    scim::add_admin_routes(router, *runtime.scim);
  }
  if (runtime.serves("documents")) documents::add_routes(router, *runtime.documents);
  if (runtime.serves("faces")) faces::add_routes(router, *runtime.faces);
  if (runtime.serves("biometrics")) biometrics::add_routes(router, *runtime.biometrics);
  if (runtime.serves("verifications")) verifications::add_routes(router, *runtime.verifications);
  if (runtime.serves("admin")) {
    admin::add_routes(router, *runtime.admin);
    organizations::add_routes(router, *runtime.organizations);
  }

  const auto owned = std::make_shared<System>(runtime, router);
  runtime.mounted.push_back(owned);
  System& system = *owned;
  router.get(
      "//health", system, &health,
      {.operation_id = "health", .summary = "State of the server and what it depends on", .tag = "System", .errors = {Errc::unavailable}});
  router.get("//health/ready", system, &ready,
             {.operation_id = "ready", .summary = "Whether requests can be served", .tag = "System", .errors = {Errc::unavailable}});
  router.get("//health/live", system, &alive, {.operation_id = "live", .summary = "Whether the process is alive", .tag = "System"});
  router.get("//metrics", system, &metrics_page,
             {.operation_id = "metrics", .summary = "Prometheus metrics", .tag = "System", .content_type = "text/plain"});
  router.get("//openapi.json", system, &openapi, {.operation_id = "openapi", .summary = "This document", .tag = "System"});
}

}  // namespace authx::app
