#include "services/scim/patch.h"

#include <algorithm>
#include <map>
#include <set>

namespace authx::scim {
namespace {

constexpr std::size_t kMostOperations = 1000;

enum class Action { add, replace, remove };

std::string_view sv(const json::string& text) { return {text.data(), text.size()}; }
json::string_view js(std::string_view text) { return {text.data(), text.size()}; }

Error fault(const char* type, std::string why) { return Error::invalid(type, std::move(why)); }

/// The member of this name without case, made when absent.
json::value& slot(json::object& in, std::string_view name) {
  for (auto& [key, value] : in)
    if (same_name({key.data(), key.size()}, name)) return value;
  return in[js(name)];
}

void drop(json::object& in, std::string_view name) {
  for (auto it = in.begin(); it != in.end(); ++it)
    if (same_name({it->key().data(), it->key().size()}, name)) {
      in.erase(it);
      return;
    }
}

/// What an element is told apart by: its `value`, else all of it.
std::string identity(const json::value& element) {
  if (const auto* object = element.if_object())
    if (const auto* value = member(*object, "value")) return json::serialize(*value);
  return json::serialize(element);
}

/// A value of a multi-valued attribute alone stands for its element.
json::value as_element(const json::value& in, const Attribute& attribute) {
  if (!in.is_object() && find_attribute(attribute.subs, "value") != nullptr) return json::object{{"value", in}};
  return in;
}

json::array as_list(const json::value& in, const Attribute& attribute) {
  json::array out;
  if (const auto* array = in.if_array())
    for (const auto& item : *array) out.push_back(as_element(item, attribute));
  else if (!in.is_null())
    out.push_back(as_element(in, attribute));
  return out;
}

bool is_primary(const json::value& element) {
  const auto* object = element.if_object();
  const auto* flag = object != nullptr ? member(*object, "primary") : nullptr;
  return flag != nullptr && (*flag == true || (flag->is_string() && same_name(sv(flag->as_string()), "true")));
}

/// The one that was made primary last stays so (RFC 7644, 3.5.2).
void settle_primary(json::array& list, std::size_t chosen) {
  if (!is_primary(list[chosen])) return;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (i != chosen && is_primary(list[i])) slot(list[i].as_object(), "primary") = false;
}

void merge(json::object& into, const json::object& from) {
  for (const auto& [key, value] : from) slot(into, {key.data(), key.size()}) = value;
}

/// The element that a filter of equalities describes.
bool describe(const Filter& filter, json::object& out) {
  if (filter.kind == Filter::Kind::both)
    return std::ranges::all_of(filter.children, [&](const Filter& child) { return describe(child, out); });
  if (filter.kind != Filter::Kind::compare || filter.compare != Compare::eq || !filter.path.sub.empty()) return false;
  out[filter.path.name] = filter.value;
  return true;
}

class Patch {
 public:
  Patch(json::object& resource, const Schema& schema) : resource_(resource), schema_(schema) {}

  Result<> run(Action action, const json::value* path, const json::value* value) {
    if (action != Action::remove && value == nullptr) return fault("invalidValue", "an operation misses its value");
    if (path == nullptr) {
      if (action == Action::remove) return fault("noTarget", "what to remove is not named");
      if (!value->is_object()) return fault("invalidValue", "a value without a path must be an object");
      for (const auto& [key, item] : value->as_object()) AX_CHECK(spread(action, {key.data(), key.size()}, item));
      return {};
    }
    if (!path->is_string()) return fault("invalidPath", "must be a text");
    AX_TRY(const auto parsed, PatchPath::parse(sv(path->as_string())));
    return apply(action, parsed, value, true);
  }

 private:
  /// A member of a value without a path: an attribute, a path, or an extension with its attributes. What the schema does not know or
  /// clients may not set is passed over, as in a whole document.
  Result<> spread(Action action, std::string_view key, const json::value& value) {
    const auto parsed = PatchPath::parse(key);
    if (!parsed) return {};
    if (parsed->at.name.empty()) {
      if (!value.is_object()) return fault("invalidValue", "an extension must be an object");
      for (const auto& [name, item] : value.as_object()) {
        PatchPath inner;
        inner.at.schema = parsed->at.schema;
        inner.at.name = std::string{name};
        AX_CHECK(apply(action, inner, &item, false));
      }
      return {};
    }
    return apply(action, *parsed, &value, false);
  }

  Result<> apply(Action action, const PatchPath& path, const json::value* value, bool named) {
    if (path.at.name.empty()) {  // a whole extension
      if (action == Action::remove) {
        drop(resource_, path.at.schema);
        return {};
      }
      return spread(action, path.at.schema, *value);
    }
    const auto* attribute = attribute_of(schema_, path.at.schema, path.at.name);
    if (attribute == nullptr) return named ? Result<>{fault("invalidPath", "names an unknown attribute")} : Result<>{};
    const auto* sub = path.at.sub.empty() ? nullptr : find_attribute(attribute->subs, path.at.sub);
    if (!path.at.sub.empty() && sub == nullptr)
      return named ? Result<>{fault("invalidPath", "names an unknown sub-attribute")} : Result<>{};
    if (attribute->read_only || (sub != nullptr && sub->read_only))
      return named ? Result<>{fault("mutability", "names what only the server sets")} : Result<>{};
    if (path.elements && !attribute->many) return fault("invalidPath", "filters what has one value");
    json::object* base = &resource_;
    if (!path.at.schema.empty()) {
      auto& extension = slot(resource_, path.at.schema);
      if (!extension.is_object()) extension = json::object{};
      base = &extension.as_object();
    }
    if (path.elements) return elements(action, *base, *attribute, path, value);
    if (attribute->many) return list(action, *base, *attribute, sub, value);
    if (sub != nullptr) return within(action, *base, *attribute, *sub, value);
    if (action == Action::remove || value->is_null()) {
      drop(*base, attribute->name);
      return {};
    }
    auto& target = slot(*base, attribute->name);
    if (attribute->type == Type::complex && value->is_object() && target.is_object())
      merge(target.as_object(), value->as_object());
    else
      target = *value;
    return {};
  }

  Result<> within(Action action, json::object& base, const Attribute& attribute, const Attribute& sub, const json::value* value) {
    auto& target = slot(base, attribute.name);
    if (!target.is_object()) target = json::object{};
    if (action == Action::remove)
      drop(target.as_object(), sub.name);
    else
      slot(target.as_object(), sub.name) = *value;
    return {};
  }

  Result<> list(Action action, json::object& base, const Attribute& attribute, const Attribute* sub, const json::value* value) {
    auto& target = slot(base, attribute.name);
    if (!target.is_array()) target = as_list(target, attribute);
    auto& have = target.as_array();
    if (sub != nullptr) {
      for (auto& element : have)
        if (auto* object = element.if_object()) {
          if (action == Action::remove)
            drop(*object, sub->name);
          else
            slot(*object, sub->name) = *value;
        }
      return {};
    }
    if (action == Action::remove) {
      if (value == nullptr || value->is_null()) {
        have.clear();
        return {};
      }
      std::set<std::string> gone;
      for (const auto& item : as_list(*value, attribute)) gone.insert(identity(item));
      json::array left;
      for (auto& element : have)
        if (!gone.contains(identity(element))) left.push_back(std::move(element));
      have = std::move(left);
      return {};
    }
    auto wanted = as_list(*value, attribute);
    if (action == Action::replace) have.clear();
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < have.size(); ++i) known.emplace(identity(have[i]), i);
    for (auto& item : wanted) {
      const auto key = identity(item);
      if (const auto it = known.find(key); it != known.end()) {
        if (have[it->second].is_object() && item.is_object()) merge(have[it->second].as_object(), item.as_object());
        settle_primary(have, it->second);
        continue;
      }
      known.emplace(key, have.size());
      have.push_back(std::move(item));
      settle_primary(have, have.size() - 1);
    }
    return {};
  }

  Result<> elements(Action action, json::object& base, const Attribute& attribute, const PatchPath& path, const json::value* value) {
    auto& target = slot(base, attribute.name);
    if (!target.is_array()) target = as_list(target, attribute);
    auto& have = target.as_array();
    const Schema inner{"", "", "", attribute.subs, nullptr};
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < have.size(); ++i)
      if (have[i].is_object() && path.elements->matches(have[i].as_object(), inner)) found.push_back(i);
    if (action == Action::remove) {
      if (!path.at.sub.empty()) {
        for (const auto i : found) drop(have[i].as_object(), path.at.sub);
        return {};
      }
      for (auto it = found.rbegin(); it != found.rend(); ++it) have.erase(have.begin() + static_cast<std::ptrdiff_t>(*it));
      return {};
    }
    if (found.empty()) {
      json::object made;
      if (!describe(*path.elements, made)) return fault("noTarget", "no value passes the filter");
      found.push_back(have.size());
      have.push_back(std::move(made));
    }
    for (const auto i : found) {
      auto& element = have[i].as_object();
      if (!path.at.sub.empty())
        slot(element, path.at.sub) = *value;
      else if (const auto* object = value->if_object())
        merge(element, *object);
      else
        return fault("invalidValue", "the value of a filtered path must be an object");
      settle_primary(have, i);
    }
    return {};
  }

  json::object& resource_;
  const Schema& schema_;
};

}  // namespace

Result<json::object> patched(const json::object& resource, const json::object& operations, const Schema& schema) {
  const auto* schemas = member(operations, "schemas");
  constexpr std::string_view kPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
  const bool named = schemas != nullptr && schemas->is_array() && std::ranges::any_of(schemas->as_array(), [&](const json::value& one) {
                       return one.is_string() && same_name(sv(one.as_string()), kPatch);
                     });
  if (!named) return fault("invalidSyntax", "schemas must name the PatchOp message");
  const auto* list = member(operations, "Operations");
  if (list == nullptr || !list->is_array() || list->as_array().empty())
    return fault("invalidSyntax", "Operations must be a list that is not empty");
  if (list->as_array().size() > kMostOperations) return fault("tooMany", "there are too many operations");
  auto out = resource;
  Patch patch{out, schema};
  for (const auto& item : list->as_array()) {
    const auto* operation = item.if_object();
    if (operation == nullptr) return fault("invalidSyntax", "an operation must be an object");
    const auto* op = member(*operation, "op");
    if (op == nullptr || !op->is_string()) return fault("invalidSyntax", "an operation misses its op");
    Action action{};
    if (same_name(sv(op->as_string()), "add"))
      action = Action::add;
    else if (same_name(sv(op->as_string()), "replace"))
      action = Action::replace;
    else if (same_name(sv(op->as_string()), "remove"))
      action = Action::remove;
    else
      return fault("invalidSyntax", "op must be add, replace or remove");
    const auto* path = member(*operation, "path");
    if (path != nullptr && path->is_null()) path = nullptr;
    AX_CHECK(patch.run(action, path, member(*operation, "value")));
  }
  return cleaned(out, schema);
}

}  // namespace authx::scim
