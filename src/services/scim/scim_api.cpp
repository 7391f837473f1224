#include "services/scim/scim_api.h"

namespace authx::scim {

/// An answer in SCIM's own form.
struct Document {
  int status = 200;
  json::object body;
  std::string etag, location;
};
/// An answer without a body.
struct Gone {
  Document refused;  ///< with a status of its own when nothing was done
  bool done = true;
};

}  // namespace authx::scim

namespace authx::http {

template <>
struct Answer<scim::Document> {
  static Response make(const scim::Document& out, const About&) {
    Response response;
    response.status = out.status;
    response.content_type = "application/scim+json";
    if (out.status != 304) response.body = json::serialize(out.body);
    if (!out.etag.empty()) response.headers.emplace_back("ETag", out.etag);
    if (!out.location.empty()) response.headers.emplace_back("Location", out.location);
    return response;
  }
  static json::value schema(Schemas&) { return {{"type", "object"}, {"additionalProperties", true}}; }
};

template <>
struct Answer<scim::Gone> {
  static Response make(const scim::Gone& out, const About& about) {
    if (!out.done) return Answer<scim::Document>::make(out.refused, about);
    Response response;
    response.status = about.success;
    response.content_type = "application/scim+json";
    return response;
  }
  static json::value schema(Schemas&) { return {{"type", "string"}, {"maxLength", 0}}; }
};

}  // namespace authx::http

namespace authx::scim {
namespace {

using namespace http;

using ListText = Text<0, 4000>;

struct ListQuery {
  std::optional<ListText> filter, attributes, excludedAttributes;
  std::optional<Int<-1'000'000'000, 1'000'000'000>> startIndex, count;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (filter, attributes, excludedAttributes, startIndex, count))

struct OneQuery {
  Text<1, 200> id;
  std::optional<ListText> attributes, excludedAttributes;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(OneQuery, (), (id, attributes, excludedAttributes))

struct OneName {
  Text<1, 200> id;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(OneName, (), (id))

struct Anything {
  std::optional<ListText> filter;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(Anything, (), (filter))

struct NewResource {
  AnyObject document;
};
BOOST_DESCRIBE_STRUCT(NewResource, (), (document))

struct ChangedResource {
  Text<1, 200> id;
  AnyObject document;
};
BOOST_DESCRIBE_STRUCT(ChangedResource, (), (id, document))

struct GroupBindingView {
  Uuid group_id;
  std::string display_name;
  std::optional<std::string> role;
  std::int64_t members = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(GroupBindingView, (), (group_id, display_name, role, members))

struct GroupBindingViews {
  std::vector<GroupBindingView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(GroupBindingViews, (), (items))

struct BindRequest {
  Uuid group_id;
  std::optional<Text<2, 50>> role;  ///< none unbinds
  static constexpr auto example = R"({"role":"verifier"})";
};
BOOST_DESCRIBE_STRUCT(BindRequest, (), (group_id, role))

struct DirectoryPerson {
  Uuid user_id;
};
BOOST_DESCRIBE_STRUCT(DirectoryPerson, (), (user_id))

struct Said {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Said, (), (message))

std::string text(const std::optional<ListText>& in) { return in ? in->value : std::string{}; }

Document stale() {
  Document out;
  out.status = 412;
  out.body = {{"schemas", {"urn:ietf:params:scim:api:messages:2.0:Error"}},
              {"status", "412"},
              {"detail", "The resource is no longer of the version that If-Match names"}};
  return out;
}

/// What the query of a writing request asks to see of the answer.
json::object narrowed(const Directory& caller, const json::object& body) {
  std::string attributes, excluded;
  for (const auto& [key, value] : parse_query(caller.query).value_or(std::vector<std::pair<std::string, std::string>>{})) {
    if (key == "attributes") attributes = value;
    if (key == "excludedAttributes") excluded = value;
  }
  return projected(body, attributes, excluded);
}

Document made(const Directory& caller, const Resource& in, int status) {
  Document out;
  out.status = status;
  out.etag = in.etag;
  if (const auto* meta = in.body.if_contains("meta")) out.location = std::string{meta->as_object().at("location").as_string()};
  out.body = narrowed(caller, in.body);
  return out;
}

Document listed(json::array items, std::int64_t total, std::int64_t start) {
  Document out;
  out.body = {{"schemas", {"urn:ietf:params:scim:api:messages:2.0:ListResponse"}},
              {"totalResults", total},
              {"startIndex", start},
              {"itemsPerPage", items.size()}};
  out.body["Resources"] = std::move(items);
  return out;
}

Query query_of(const ListQuery& in) {
  Query out;
  out.filter = text(in.filter);
  out.attributes = text(in.attributes);
  out.excluded = text(in.excludedAttributes);
  if (in.startIndex) out.start = in.startIndex->value;
  if (in.count) out.count = in.count->value;
  return out;
}

Document page(Page in) {
  json::array items;
  for (auto& item : in.items) items.push_back(std::move(item));
  return listed(std::move(items), in.total, in.start);
}

Result<Document> read(const Directory& caller, const Resource& found, const OneQuery& in) {
  Document out;
  out.etag = found.etag;
  if (!caller.if_none_match.empty() && Condition{caller.if_none_match}.holds(found.etag)) {
    out.status = 304;
    return out;
  }
  out.body = projected(found.body, text(in.attributes), text(in.excludedAttributes));
  return out;
}

Document changed(const Directory& caller, const Conditional<Resource>& in) { return in ? made(caller, *in, 200) : stale(); }
Gone gone(bool done) {
  Gone out;
  out.done = done;
  if (!done) out.refused = stale();
  return out;
}

awaitable<Result<Document>> create_user(ScimService& service, const Directory& caller, NewResource in) {
  AX_CO_TRY(const auto out, co_await service.create_user(caller, std::move(in.document.value)));
  co_return made(caller, out, 201);
}
awaitable<Result<Document>> list_users(ScimService& service, const Directory& caller, ListQuery in) {
  AX_CO_TRY(auto out, co_await service.users(caller, query_of(in)));
  co_return page(std::move(out));
}
awaitable<Result<Document>> get_user(ScimService& service, const Directory& caller, OneQuery in) {
  AX_CO_TRY(const auto out, co_await service.user(caller, in.id.value));
  co_return read(caller, out, in);
}
awaitable<Result<Document>> replace_user(ScimService& service, const Directory& caller, ChangedResource in) {
  AX_CO_TRY(const auto out, co_await service.replace_user(caller, in.id.value, std::move(in.document.value)));
  co_return changed(caller, out);
}
awaitable<Result<Document>> patch_user(ScimService& service, const Directory& caller, ChangedResource in) {
  AX_CO_TRY(const auto out, co_await service.patch_user(caller, in.id.value, std::move(in.document.value)));
  co_return changed(caller, out);
}
awaitable<Result<Gone>> delete_user(ScimService& service, const Directory& caller, OneName in) {
  AX_CO_TRY(const bool done, co_await service.delete_user(caller, in.id.value));
  co_return gone(done);
}

awaitable<Result<Document>> create_group(ScimService& service, const Directory& caller, NewResource in) {
  AX_CO_TRY(const auto out, co_await service.create_group(caller, std::move(in.document.value)));
  co_return made(caller, out, 201);
}
awaitable<Result<Document>> list_groups(ScimService& service, const Directory& caller, ListQuery in) {
  AX_CO_TRY(auto out, co_await service.groups(caller.request.tenant, query_of(in)));
  co_return page(std::move(out));
}
awaitable<Result<Document>> get_group(ScimService& service, const Directory& caller, OneQuery in) {
  AX_CO_TRY(const auto out, co_await service.group(caller.request.tenant, in.id.value));
  co_return read(caller, out, in);
}
awaitable<Result<Document>> replace_group(ScimService& service, const Directory& caller, ChangedResource in) {
  AX_CO_TRY(const auto out, co_await service.replace_group(caller, in.id.value, std::move(in.document.value)));
  co_return changed(caller, out);
}
awaitable<Result<Document>> patch_group(ScimService& service, const Directory& caller, ChangedResource in) {
  AX_CO_TRY(const auto out, co_await service.patch_group(caller, in.id.value, std::move(in.document.value)));
  co_return changed(caller, out);
}
awaitable<Result<Gone>> delete_group(ScimService& service, const Directory& caller, OneName in) {
  AX_CO_TRY(const bool done, co_await service.delete_group(caller, in.id.value));
  co_return gone(done);
}

/// Discovery is not filtered (RFC 7644, section 4).
Result<> unfiltered(const Anything& in) {
  if (in.filter) return Error{Errc::forbidden, "filter on discovery"};
  return {};
}

json::object resource_type(const ScimService& service, const Schema& schema, const char* endpoint) {
  json::object out{{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}},
                   {"id", json::string{schema.name}},
                   {"name", json::string{schema.name}},
                   {"endpoint", endpoint},
                   {"description", json::string{schema.description}},
                   {"schema", json::string{schema.id}}};
  if (schema.extension != nullptr)
    out["schemaExtensions"] = json::array{json::object{{"schema", json::string{schema.extension->id}}, {"required", false}}};
  out["meta"] = json::object{{"resourceType", "ResourceType"}, {"location", service.base() + "/ResourceTypes/" + std::string{schema.name}}};
  return out;
}

awaitable<Result<Document>> config(ScimService& service, const Directory&, Anything in) {
  AX_CO_CHECK(unfiltered(in));
  const auto no = [] { return json::object{{"supported", false}}; };
  Document out;
  out.body = {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"}},
              {"patch", {{"supported", true}}},
              {"bulk", {{"supported", false}, {"maxOperations", 0}, {"maxPayloadSize", 0}}},
              {"filter", {{"supported", true}, {"maxResults", ScimService::kPageSize}}},
              {"changePassword", no()},
              {"sort", no()},
              {"etag", {{"supported", true}}},
              {"authenticationSchemes",
               json::array{json::object{{"type", "oauthbearertoken"},
                                        {"name", "Bearer token"},
                                        {"description", "An API key, or an OAuth access token with the scope authx:provision_users"},
                                        {"primary", true}}}},
              {"meta", {{"resourceType", "ServiceProviderConfig"}, {"location", service.base() + "/ServiceProviderConfig"}}}};
  co_return out;
}

awaitable<Result<Document>> resource_types(ScimService& service, const Directory&, Anything in) {
  AX_CO_CHECK(unfiltered(in));
  json::array items{resource_type(service, user_schema(), "/Users"), resource_type(service, group_schema(), "/Groups")};
  co_return listed(std::move(items), 2, 1);
}

awaitable<Result<Document>> one_resource_type(ScimService& service, const Directory&, OneName in) {
  Document out;
  if (in.id.value == "User")
    out.body = resource_type(service, user_schema(), "/Users");
  else if (in.id.value == "Group")
    out.body = resource_type(service, group_schema(), "/Groups");
  else
    co_return Result<Document>{Errc::not_found};
  co_return out;
}

awaitable<Result<Document>> schemas(ScimService& service, const Directory&, Anything in) {
  AX_CO_CHECK(unfiltered(in));
  json::array items;
  for (const auto* schema : {&user_schema(), &group_schema(), &enterprise_schema()}) items.push_back(described(*schema, service.base()));
  co_return listed(std::move(items), 3, 1);
}

awaitable<Result<Document>> one_schema(ScimService& service, const Directory&, OneName in) {
  Document out;
  for (const auto* schema : {&user_schema(), &group_schema(), &enterprise_schema()})
    if (same_name(schema->id, in.id.value)) out.body = described(*schema, service.base());
  if (out.body.empty()) co_return Result<Document>{Errc::not_found};
  co_return out;
}

using Manager = Can<Permission::manage_access>;

awaitable<Result<GroupBindingViews>> bindings(ScimService& service, const Manager& caller, Empty) {
  AX_CO_TRY(auto found, co_await service.bindings(caller.request.tenant));
  GroupBindingViews out;
  for (auto& one : found) out.items.push_back({one.id, std::move(one.name), std::move(one.role), one.members});
  co_return out;
}

awaitable<Result<Said>> bind_group(ScimService& service, const Manager& caller, BindRequest in) {
  std::optional<std::string> role;
  if (in.role) role = in.role->value;
  AX_CO_CHECK(co_await service.bind(caller, in.group_id, role));
  Said out{role ? "The group brings the role" : "The group brings no role"};
  co_return out;
}

awaitable<Result<Said>> hand_over(ScimService& service, const Manager& caller, DirectoryPerson in) {
  AX_CO_CHECK(co_await service.hand_over(caller, in.user_id));
  Said out{"The directory manages the account"};
  co_return out;
}

awaitable<Result<Said>> take_back(ScimService& service, const Manager& caller, DirectoryPerson in) {
  AX_CO_CHECK(co_await service.take_back(caller, in.user_id));
  Said out{"The directory no longer manages the account"};
  co_return out;
}

About scim(std::string_view id, std::string_view summary, std::vector<Errc> errors = {Errc::not_found}, int success = 200) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "SCIM";
  out.success = success;
  out.body_limit = 256 * 1024;
  out.errors = std::move(errors);
  out.content_type = "application/scim+json";
  out.error_form = ErrorForm::scim;
  return out;
}

About admin(std::string_view id, std::string_view summary, std::vector<Errc> errors = {Errc::not_found}) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "Administration";
  out.errors = std::move(errors);
  return out;
}

}  // namespace

void add_routes(Router& router, ScimService& service) {
  const std::vector<Errc> changes{Errc::not_found, Errc::conflict};
  router.post("//scim/v2/Users", service, &create_user, scim("scimCreateUser", "Make an account", {Errc::conflict}, 201));
  router.get("//scim/v2/Users", service, &list_users, scim("scimListUsers", "The directory's accounts that pass a filter", {}));
  router.get("//scim/v2/Users/{id}", service, &get_user, scim("scimGetUser", "One account"));
  router.add(Method::put, "//scim/v2/Users/{id}", service, &replace_user,
             scim("scimReplaceUser", "Replace an account's attributes", changes));
  router.add(Method::patch, "//scim/v2/Users/{id}", service, &patch_user,
             scim("scimPatchUser", "Change some attributes of an account", changes));
  router.add(Method::del, "//scim/v2/Users/{id}", service, &delete_user,
             scim("scimDeleteUser", "Erase an account and everything of its person", {Errc::not_found}, 204));
  auto groups = [&](std::string_view id, std::string_view summary, std::vector<Errc> errors, int success = 200) {
    auto out = scim(id, summary, std::move(errors), success);
    out.body_limit = 2 * 1024 * 1024;
    return out;
  };
  router.post("//scim/v2/Groups", service, &create_group, groups("scimCreateGroup", "Make a group", {Errc::conflict}, 201));
  router.get("//scim/v2/Groups", service, &list_groups, scim("scimListGroups", "The groups that pass a filter", {}));
  router.get("//scim/v2/Groups/{id}", service, &get_group, scim("scimGetGroup", "One group"));
  router.add(Method::put, "//scim/v2/Groups/{id}", service, &replace_group,
             groups("scimReplaceGroup", "Replace a group's name and members", changes));
  router.add(Method::patch, "//scim/v2/Groups/{id}", service, &patch_group,
             groups("scimPatchGroup", "Change a group's name or members", changes));
  router.add(Method::del, "//scim/v2/Groups/{id}", service, &delete_group,
             scim("scimDeleteGroup", "Delete a group", {Errc::not_found}, 204));
  router.get("//scim/v2/ServiceProviderConfig", service, &config, scim("scimConfig", "What of SCIM is supported", {}));
  router.get("//scim/v2/ResourceTypes", service, &resource_types, scim("scimResourceTypes", "The kinds of resources", {}));
  router.get("//scim/v2/ResourceTypes/{id}", service, &one_resource_type, scim("scimResourceType", "One kind of resource"));
  router.get("//scim/v2/Schemas", service, &schemas, scim("scimSchemas", "The schemas of resources", {}));
  router.get("//scim/v2/Schemas/{id}", service, &one_schema, scim("scimSchema", "One schema"));
}

void add_admin_routes(Router& router, ScimService& service) {
  router.get("/admin/directory/groups", service, &bindings,
             admin("listDirectoryGroups", "The directory's groups and the roles that they bring", {}));
  router.add(Method::put, "/admin/directory/groups/{group_id}/role", service, &bind_group,
             admin("bindDirectoryGroup", "Let a group bring a role whose permissions the caller has, or none"));
  router.add(Method::put, "/admin/directory/users/{user_id}", service, &hand_over,
             admin("handOverAccount", "Let the directory manage an account that it did not make", {Errc::not_found, Errc::conflict}));
  router.add(Method::del, "/admin/directory/users/{user_id}", service, &take_back,
             admin("takeBackAccount", "Let the directory no longer manage an account; its groups' roles end"));
}

}  // namespace authx::scim
