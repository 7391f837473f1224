#include "http/router.h"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace authx::http {
namespace {

struct Service {};

struct PathIn {
  Uuid id;
  std::optional<Int<1, 10>> limit;
};
BOOST_DESCRIBE_STRUCT(PathIn, (), (id, limit))

struct BodyIn {
  Text<1, 10> name;
};
BOOST_DESCRIBE_STRUCT(BodyIn, (), (name))

struct FormIn {
  Text<1, 10> name;
  UploadedFile file;
};
BOOST_DESCRIBE_STRUCT(FormIn, (), (name, file))

struct Out {
  std::string said;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Out, (), (said))

awaitable<Result<Out>> by_path(Service&, const SignedIn& caller, PathIn in) {
  Out out{in.id.str() + (in.limit ? std::to_string(in.limit->value) : "-") + std::string{to_string(caller.role)}};
  co_return out;
}
awaitable<Result<Out>> audited(Service&, const Can<Permission::read_audit>&, Empty) {
  Out out{"secret"};
  co_return out;
}
awaitable<Result<Out>> by_body(Service&, const Anonymous&, BodyIn in) {
  Out out{in.name.value};
  co_return out;
}
awaitable<Result<Out>> whose(Service&, const Anonymous& caller, Empty) {
  Out out{caller.request.tenant.str()};
  co_return out;
}
awaitable<Result<Out>> my_own(Service&, const SignedIn& caller, Empty) {
  Out out{caller.request.tenant.str()};
  co_return out;
}
awaitable<Result<Out>> by_form(Service&, const SignedIn&, FormIn in) {
  Out out{in.name.value};
  co_return out;
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router.get("/things/{id}", service, &by_path, {.operation_id = "getThing"});
    router.get("/audit", service, &audited, {.operation_id = "getAudit"});
    router.post("/things", service, &by_body, {.operation_id = "makeThing", .success = 201, .errors = {Errc::conflict}});
    router.post("/files", service, &by_form, {.operation_id = "makeFile"});
    router.get("/whose", service, &whose, {.operation_id = "whose"});
    router.get("/mine", service, &my_own, {.operation_id = "mine"});
    router.set_authenticator([](std::string_view token) -> Result<Principal> {
      Principal p;
      p.role = token == "auditor" ? Role::auditor : Role::user;
      p.permissions = permissions_of(p.role);
      p.request.tenant = token == "good" ? kDefaultTenant : Uuid{};
      if (token == "bad") return Errc::unauthenticated;
      return p;
    });
  }

  Response call(Method method, std::string_view target, std::string body = {}, std::string_view authorization = "Bearer good") {
    Request request;
    request.method = method;
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    request.body = std::move(body);
    request.headers.authorization = authorization;
    request.info.id = "req_1";
    auto match = router.match(method, request.path, request.path_params);
    if (match.endpoint == nullptr)
      return problem(match.path_known ? Errc::method_not_allowed : Errc::not_found, request.info, clock.now(), false);
    asio::io_context io;
    auto future = asio::co_spawn(io, match.endpoint->invoke(request), asio::use_future);
    io.run();
    return future.get();
  }

  ManualClock clock{Time{}};
  Router router{clock, "/v1"};
  Service service;
};

TEST_F(RouterTest, BindsPathAndQuery) {
  const auto response = call(Method::get, "/v1/things/0190163d-8694-739b-aea5-966c26f8ad91?limit=7");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"success":true,"data":{"said":"0190163d-8694-739b-aea5-966c26f8ad917user"}})");
}

TEST_F(RouterTest, TheTokenOrElseTheRequestSaysWhichOrganisation) {
  const auto other = *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_NE(call(Method::get, "/v1/whose").body.find(Uuid{}.str()), std::string::npos);
  router.set_tenant_finder([&](const RequestHeaders&) -> Result<Uuid> { return other; });
  EXPECT_NE(call(Method::get, "/v1/whose").body.find(other.str()), std::string::npos);
  EXPECT_NE(call(Method::get, "/v1/mine").body.find(kDefaultTenant.str()), std::string::npos);
  router.set_tenant_finder([](const RequestHeaders&) -> Result<Uuid> { return Errc::forbidden; });
  EXPECT_EQ(call(Method::get, "/v1/whose").status, 403);
  EXPECT_EQ(call(Method::get, "/v1/mine").status, 200);
}

TEST_F(RouterTest, OnlyTheDefaultOrganisationManagesTheInstallation) {
  const auto all = permissions_of(Role::admin);
  EXPECT_TRUE(within(all, kDefaultTenant).has(Permission::manage_organizations));
  EXPECT_FALSE(within(all, *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91")).has(Permission::manage_organizations));
  EXPECT_FALSE(within(all, Uuid{}).has(Permission::manage_organizations));
}

TEST_F(RouterTest, AnswersFaultsOfPathAndQueryTogether) {
  const auto response = call(Method::get, "/v1/things/test_id?limit=99&more=1");
  EXPECT_EQ(response.status, 400);
  const auto error = json::parse(response.body).at("error");
  EXPECT_EQ(error.at("code"), "VALIDATION_ERROR");
  EXPECT_EQ(error.at("details").at("errors").as_array().size(), 3U);
  EXPECT_EQ(error.at("details").at("errors").at(0).at("path"), "$.id");
}

TEST_F(RouterTest, RefusesAbsentForgedAndPowerlessCallers) {
  EXPECT_EQ(call(Method::get, "/v1/audit", {}, "").status, 401);
  EXPECT_EQ(call(Method::get, "/v1/audit", {}, "Basic abc").status, 401);
  EXPECT_EQ(call(Method::get, "/v1/audit", {}, "Bearer bad").status, 401);
  EXPECT_EQ(call(Method::get, "/v1/audit", {}, "Bearer good").status, 403);
  EXPECT_EQ(call(Method::get, "/v1/audit", {}, "bearer auditor").status, 200);
}

TEST_F(RouterTest, RefusesAnUploadBeforeReadingIt) {
  std::vector<std::pair<std::string_view, std::string_view>> params;
  auto match = router.match(Method::post, "/v1/files", params);
  Request request;
  EXPECT_EQ(router.refuse_early(*match.endpoint, request)->status, 401);
  request.headers.authorization = "Bearer good";
  EXPECT_FALSE(router.refuse_early(*match.endpoint, request));
}

TEST_F(RouterTest, TakesJsonBodiesOnly) {
  EXPECT_EQ(call(Method::post, "/v1/things", R"({"name":"x"})").status, 201);
  EXPECT_EQ(call(Method::post, "/v1/things", "").status, 400);
  EXPECT_EQ(call(Method::post, "/v1/things", "[]").status, 400);
  EXPECT_EQ(call(Method::post, "/v1/things", "{").status, 400);
  EXPECT_EQ(call(Method::post, "/v1/things?name=x", R"({"name":"x"})").status, 400);
}

TEST_F(RouterTest, TellsWrongMethodFromWrongPath) {
  EXPECT_EQ(call(Method::del, "/v1/things").status, 405);
  EXPECT_EQ(call(Method::get, "/v1/nothing").status, 404);
  EXPECT_EQ(call(Method::get, "/v1/things/a/b").status, 404);
  EXPECT_EQ(call(Method::head, "/v1/things/0190163d-8694-739b-aea5-966c26f8ad91").status, 200);
}

TEST_F(RouterTest, DescribesWhatItEnforces) {
  const auto document = router.openapi("1.2.3");
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  const auto& get = document.at("paths").at("/v1/things/{id}").at("get");
  EXPECT_EQ(get.at("parameters").as_array().size(), 2U);
  EXPECT_EQ(get.at("parameters").at(0).at("in"), "path");
  EXPECT_TRUE(get.at("responses").as_object().contains("401"));
  const auto& post = document.at("paths").at("/v1/things").at("post");
  EXPECT_TRUE(post.at("responses").as_object().contains("201"));
  EXPECT_TRUE(post.at("responses").as_object().contains("409"));
  EXPECT_TRUE(post.at("security").as_array().empty());
  EXPECT_EQ(json::serialize(post.at("requestBody").at("content").at("application/json").at("schema").at("required")), R"(["name"])");
  EXPECT_TRUE(document.at("paths").at("/v1/files").at("post").at("requestBody").at("content").as_object().contains("multipart/form-data"));
  EXPECT_EQ(document.at("paths").at("/v1/audit").at("get").at("x-permission"), "read_audit");
}

}  // namespace
}  // namespace authx::http
