#include "services/scim/schema.h"

#include <algorithm>

#include "base/time.h"

namespace authx::scim {
namespace {

constexpr std::size_t kLongestText = 1024;
constexpr std::size_t kMostValues = 100;
constexpr std::size_t kMostMembers = 20'000;

constexpr Attribute kName[] = {
    {.name = "formatted", .description = "The whole name"},
    {.name = "familyName", .description = "Family name"},
    {.name = "givenName", .description = "Given name"},
    {.name = "middleName", .description = "Middle names"},
    {.name = "honorificPrefix", .description = "Title before the name"},
    {.name = "honorificSuffix", .description = "Suffix after the name"},
};
constexpr Attribute kValues[] = {
    {.name = "value", .description = "The value"},
    {.name = "display", .description = "The value for people to read"},
    {.name = "type", .description = "work, home or another label"},
    {.name = "primary", .type = Type::boolean, .description = "Whether it is the preferred one"},
};
constexpr Attribute kAddress[] = {
    {.name = "formatted", .description = "The whole address"},
    {.name = "streetAddress", .description = "Street and number"},
    {.name = "locality", .description = "City"},
    {.name = "region", .description = "State or region"},
    {.name = "postalCode", .description = "Postal code"},
    {.name = "country", .description = "Country"},
    {.name = "type", .description = "work, home or another label"},
    {.name = "primary", .type = Type::boolean, .description = "Whether it is the preferred one"},
};
constexpr Attribute kGroupOfUser[] = {
    {.name = "value", .exact = true, .read_only = true, .description = "The group's id"},
    {.name = "$ref", .type = Type::reference, .exact = true, .read_only = true, .description = "Where the group is"},
    {.name = "display", .read_only = true, .description = "The group's name"},
};
constexpr Attribute kUser[] = {
    {.name = "userName", .required = true, .unique = true, .description = "The e-mail address that the person signs in with"},
    {.name = "name", .type = Type::complex, .description = "The parts of the name", .subs = kName},
    {.name = "displayName", .description = "The name to show"},
    {.name = "nickName", .description = "A familiar name"},
    {.name = "profileUrl", .type = Type::reference, .description = "A page about the person"},
    {.name = "title", .description = "Job title"},
    {.name = "userType", .description = "Relationship to the organisation"},
    {.name = "preferredLanguage", .description = "As of Accept-Language"},
    {.name = "locale", .description = "Locale"},
    {.name = "timezone", .description = "IANA time zone"},
    {.name = "active", .type = Type::boolean, .description = "Whether the person may sign in; false ends all sessions at once"},
    {.name = "emails", .type = Type::complex, .many = true, .description = "E-mail addresses", .subs = kValues},
    {.name = "phoneNumbers", .type = Type::complex, .many = true, .description = "Phone numbers", .subs = kValues},
    {.name = "addresses", .type = Type::complex, .many = true, .description = "Postal addresses", .subs = kAddress},
    {.name = "groups",
     .type = Type::complex,
     .many = true,
     .read_only = true,
     .description = "Groups that hold the person",
     .subs = kGroupOfUser},
};
constexpr Attribute kManager[] = {
    {.name = "value", .exact = true, .description = "The manager's id"},
    {.name = "$ref", .type = Type::reference, .exact = true, .description = "Where the manager is"},
    {.name = "displayName", .description = "The manager's name"},
};
constexpr Attribute kEnterprise[] = {
    {.name = "employeeNumber", .description = "Number within the organisation"},
    {.name = "costCenter", .description = "Cost centre"},
    {.name = "organization", .description = "Organisation"},
    {.name = "division", .description = "Division"},
    {.name = "department", .description = "Department"},
    {.name = "manager", .type = Type::complex, .description = "The manager", .subs = kManager},
};
constexpr Attribute kMember[] = {
    {.name = "value", .exact = true, .required = true, .description = "The person's id"},
    {.name = "$ref", .type = Type::reference, .exact = true, .read_only = true, .description = "Where the person is"},
    {.name = "type", .description = "User: groups hold no groups"},
};
constexpr Attribute kGroup[] = {
    {.name = "displayName", .required = true, .unique = true, .description = "The group's name"},
    {.name = "members", .type = Type::complex, .many = true, .description = "Who is in it", .subs = kMember},
};
constexpr Attribute kMeta[] = {
    {.name = "resourceType", .exact = true, .read_only = true, .description = "User or Group"},
    {.name = "created", .type = Type::time, .read_only = true, .description = "When it was made"},
    {.name = "lastModified", .type = Type::time, .read_only = true, .description = "When it was changed last"},
    {.name = "location", .type = Type::reference, .exact = true, .read_only = true, .description = "Where it is"},
    {.name = "version", .exact = true, .read_only = true, .description = "Its ETag"},
};
constexpr Attribute kCommon[] = {
    {.name = "id", .exact = true, .read_only = true, .description = "The server's name for it"},
    {.name = "externalId", .exact = true, .description = "The directory's name for it"},
    {.name = "schemas", .type = Type::reference, .many = true, .exact = true, .read_only = true, .description = "Its schemas"},
    {.name = "meta", .type = Type::complex, .read_only = true, .description = "About it", .subs = kMeta},
};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view sv(const json::string& text) { return {text.data(), text.size()}; }
json::string_view js(std::string_view text) { return {text.data(), text.size()}; }

Error invalid(std::string reason) { return Error::invalid("invalidValue", std::move(reason)); }

Result<std::optional<json::value>> clean_value(const json::value& in, const Attribute& attribute);

Result<json::object> clean_members(const json::object& in, std::span<const Attribute> attributes) {
  json::object out;
  for (const auto& attribute : attributes) {
    if (attribute.read_only) continue;
    const auto* value = member(in, attribute.name);
    if (value == nullptr || value->is_null()) continue;
    AX_TRY(auto cleaned, clean_value(*value, attribute));
    if (cleaned) out[js(attribute.name)] = std::move(*cleaned);
  }
  return out;
}

Result<std::optional<json::value>> clean_one(const json::value& in, const Attribute& attribute) {
  using Out = std::optional<json::value>;
  const std::string name{attribute.name};
  switch (attribute.type) {
    case Type::boolean:
      if (in.is_bool()) return Out{in};
      if (in.is_string() && same_name(sv(in.as_string()), "true")) return Out{true};
      if (in.is_string() && same_name(sv(in.as_string()), "false")) return Out{false};
      return invalid(name + " must be true or false");
    case Type::complex: {
      if (in.is_object()) {
        AX_TRY(auto members, clean_members(in.as_object(), attribute.subs));
        if (members.empty()) return Out{};
        return Out{std::move(members)};
      }
      // A value alone stands for its element, as directories send managers and members.
      if (in.is_string() && find_attribute(attribute.subs, "value") != nullptr) return clean_one(json::object{{"value", in}}, attribute);
      return invalid(name + " must be an object");
    }
    case Type::text:
    case Type::time:
    case Type::reference: break;
  }
  if (!in.is_string()) return invalid(name + " must be a text");
  const auto text = sv(in.as_string());
  if (text.size() > kLongestText) return invalid(name + " is too long");
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t'; }))
    return invalid(name + " holds a control character");
  if (text.empty()) return Out{};
  return Out{in};
}

Result<std::optional<json::value>> clean_value(const json::value& in, const Attribute& attribute) {
  using Out = std::optional<json::value>;
  if (!attribute.many) return clean_one(in, attribute);
  json::array single;
  if (!in.is_array()) single.push_back(in);
  const auto& list = in.is_array() ? in.as_array() : single;
  const auto most = attribute.name == "members" ? kMostMembers : kMostValues;
  if (list.size() > most) return invalid(std::string{attribute.name} + " holds too many values");
  json::array out;
  bool primary = false;
  for (const auto& item : list) {
    AX_TRY(auto cleaned, clean_one(item, attribute));
    if (!cleaned) continue;
    if (const auto* flag = cleaned->is_object() ? cleaned->as_object().if_contains("primary") : nullptr; flag != nullptr && *flag == true) {
      if (primary) return invalid(std::string{attribute.name} + " has more than one primary value");
      primary = true;
    }
    out.push_back(std::move(*cleaned));
  }
  if (out.empty()) return Out{};
  return Out{std::move(out)};
}

std::string_view type_word(Type type) {
  switch (type) {
    case Type::text: return "string";
    case Type::boolean: return "boolean";
    case Type::time: return "dateTime";
    case Type::reference: return "reference";
    case Type::complex: return "complex";
  }
  return "string";
}

json::array described(std::span<const Attribute> attributes) {
  json::array out;
  for (const auto& a : attributes) {
    json::object one{{"name", js(a.name)},
                     {"type", js(type_word(a.type))},
                     {"multiValued", a.many},
                     {"description", js(a.description)},
                     {"required", a.required},
                     {"caseExact", a.exact},
                     {"mutability", a.read_only ? "readOnly" : "readWrite"},
                     {"returned", "default"},
                     {"uniqueness", a.unique ? "server" : "none"}};
    if (a.type == Type::reference) one["referenceTypes"] = json::array{"external"};
    if (!a.subs.empty()) one["subAttributes"] = described(a.subs);
    out.push_back(std::move(one));
  }
  return out;
}

/// `name` or `name.sub`, with or without its schema in front, as lists of attributes hold them.
struct Named {
  std::string_view schema, name, sub;
};

std::vector<Named> named(std::string_view list) {
  std::vector<Named> out;
  while (!list.empty() && out.size() < 100) {
    const auto comma = list.find(',');
    auto word = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word.empty()) continue;
    Named one;
    if (word.size() > 4 && same_name(word.substr(0, 4), "urn:")) {
      if (same_name(word, kEnterpriseSchema)) {
        out.push_back({kEnterpriseSchema, {}, {}});
        continue;
      }
      const auto colon = word.rfind(':');
      one.schema = word.substr(0, colon);
      word = word.substr(colon + 1);
    }
    const auto dot = word.find('.');
    one.name = word.substr(0, dot);
    if (dot != std::string_view::npos) one.sub = word.substr(dot + 1);
    if (!same_name(one.schema, kEnterpriseSchema)) one.schema = {};
    out.push_back(one);
  }
  return out;
}

/// Keeps (`keep`) or drops the named sub-attribute of an object or of each object of a list.
void narrow(json::value& value, std::string_view sub, bool keep) {
  const auto one = [&](json::object& object) {
    for (auto it = object.begin(); it != object.end();) {
      if (same_name({it->key().data(), it->key().size()}, sub) != keep)
        it = object.erase(it);
      else
        ++it;
    }
  };
  if (auto* object = value.if_object()) one(*object);
  if (auto* array = value.if_array())
    for (auto& item : *array)
      if (auto* object = item.if_object()) one(*object);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

const json::value* member(const json::object& in, std::string_view name) {
  if (const auto* exact = in.if_contains(js(name))) return exact;
  for (const auto& [key, value] : in)
    if (same_name({key.data(), key.size()}, name)) return &value;
  return nullptr;
}

const Attribute* find_attribute(std::span<const Attribute> among, std::string_view name) {
  for (const auto& attribute : among)
    if (same_name(attribute.name, name)) return &attribute;
  return nullptr;
}

const Attribute* Schema::find(std::string_view attribute) const { return find_attribute(attributes, attribute); }
const Attribute* common_attribute(std::string_view name) { return find_attribute(kCommon, name); }

const Attribute* attribute_of(const Schema& resource, std::string_view schema, std::string_view name) {
  if (schema.empty() || same_name(schema, resource.id)) {
    const auto* own = resource.find(name);
    return own != nullptr ? own : common_attribute(name);
  }
  return resource.extension != nullptr && same_name(schema, resource.extension->id) ? resource.extension->find(name) : nullptr;
}

const Schema& enterprise_schema() {
  static const Schema schema{kEnterpriseSchema, "EnterpriseUser", "A person within an organisation", kEnterprise, nullptr};
  return schema;
}

const Schema& user_schema() {
  static const Schema schema{kUserSchema, "User", "An account", kUser, &enterprise_schema()};
  return schema;
}

const Schema& group_schema() {
  static const Schema schema{kGroupSchema, "Group", "A group of accounts", kGroup, nullptr};
  return schema;
}

Result<json::object> cleaned(const json::object& in, const Schema& schema) {
  AX_TRY(auto out, clean_members(in, schema.attributes));
  AX_TRY(auto common, clean_members(in, kCommon));
  for (auto& [key, value] : common) out[key] = std::move(value);
  if (schema.extension != nullptr) {
    if (const auto* extension = member(in, schema.extension->id); extension != nullptr && !extension->is_null()) {
      if (!extension->is_object()) return invalid("an extension must be an object");
      AX_TRY(auto members, clean_members(extension->as_object(), schema.extension->attributes));
      if (!members.empty()) out[js(schema.extension->id)] = std::move(members);
    }
  }
  for (const auto& attribute : schema.attributes)
    if (attribute.required && !out.contains(js(attribute.name))) return invalid(std::string{attribute.name} + " is required");
  return out;
}

json::object described(const Schema& schema, const std::string& base) {
  return {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:Schema"}},
          {"id", js(schema.id)},
          {"name", js(schema.name)},
          {"description", js(schema.description)},
          {"attributes", described(schema.attributes)},
          {"meta", {{"resourceType", "Schema"}, {"location", base + "/Schemas/" + std::string{schema.id}}}}};
}

json::object projected(const json::object& resource, std::string_view attributes, std::string_view excluded) {
  const auto always = [](std::string_view name) { return name == "id" || name == "schemas"; };
  if (!attributes.empty()) {
    const auto wanted = named(attributes);
    json::object out;
    for (const auto& [key, value] : resource) {
      const std::string_view name{key.data(), key.size()};
      if (always(name)) {
        out[key] = value;
        continue;
      }
      json::value kept = value;
      bool any = false, whole = false;
      std::vector<std::string_view> subs;
      for (const auto& one : wanted) {
        const bool here = one.schema.empty() ? same_name(one.name, name) : same_name(one.schema, name);
        if (!here) continue;
        any = true;
        const auto sub = one.schema.empty() ? one.sub : one.name;
        if (sub.empty())
          whole = true;
        else
          subs.push_back(sub);
      }
      if (!any) continue;
      if (!whole && subs.size() == 1) narrow(kept, subs[0], true);
      out[key] = std::move(kept);
    }
    return out;
  }
  auto out = resource;
  for (const auto& one : named(excluded)) {
    const auto name = one.schema.empty() ? one.name : one.schema;
    const auto sub = one.schema.empty() ? one.sub : one.name;
    if (always(name)) continue;
    for (auto it = out.begin(); it != out.end(); ++it) {
      if (!same_name({it->key().data(), it->key().size()}, name)) continue;
      if (sub.empty())
        out.erase(it);
      else
        narrow(it->value(), sub, false);
      break;
    }
  }
  return out;
}

}  // namespace authx::scim
