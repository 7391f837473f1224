#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "base/uuid.h"
#include "http/types.h"

/// Requests and responses are structs described once (Boost.Describe); from that description come parsing, validation,
/// serialisation and the OpenAPI schema. A new kind of field is one `Codec` specialisation.
namespace authx::http {

/// Collects every fault of an input, with its path ("document_ids[0]").
class Faults {
 public:
  void add(std::string path, std::string reason) {
    if (list_.size() < 50) list_.push_back({std::move(path), std::move(reason)});
  }
  bool empty() const noexcept { return list_.empty(); }
  std::vector<Fault> take() { return std::move(list_); }

 private:
  std::vector<Fault> list_;
};

/// The `components.schemas` being built.
using Schemas = json::object;

template <class T, class = void>
struct Codec;  // parse(json, out, path, faults) · lift(text) · write(out, value) · schema(schemas)

void write_quoted(std::string& out, std::string_view text);
void write_number(std::string& out, double value);

/// Text of a query or form field as the JSON that it stands for.
json::value lift_text(std::string_view text);
json::value lift_number(std::string_view text);
json::value lift_bool(std::string_view text);

/// Trimmed valid UTF-8 without control characters, or a fault.
bool parse_text(const json::value& in, std::string& out, std::size_t min, std::size_t max, const std::string& path, Faults& faults);
json::object text_schema(std::size_t min, std::size_t max);

/// Types are described under their names without namespaces. Whether `type` is the first that came with this name.
bool owns_schema(std::string_view name, std::string_view type);
/// Ends the process when two types of one name have different forms: the description would be wrong for one of them.
void require_same_schema(std::string_view name, const json::value& known, const json::object& other);

template <class T>
constexpr std::string_view type_name() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  name = name.substr(0, name.find(']'));
  return name.substr(name.rfind(':') + 1);
}

template <std::size_t Min, std::size_t Max>
struct Codec<Text<Min, Max>> {
  static void parse(const json::value& in, Text<Min, Max>& out, const std::string& path, Faults& faults) {
    parse_text(in, out.value, Min, Max, path, faults);
  }
  static json::value lift(std::string_view text) { return lift_text(text); }
  static json::value schema(Schemas&) { return text_schema(Min, Max); }
};

#define AX_TEXT_CODEC(Type)                                                                       \
  template <>                                                                                     \
  struct Codec<Type> {                                                                            \
    static void parse(const json::value& in, Type& out, const std::string& path, Faults& faults); \
    static json::value lift(std::string_view text) { return lift_text(text); }                    \
    static void write(std::string& out, const Type& value);                                       \
    static json::value schema(Schemas&);                                                          \
  }
AX_TEXT_CODEC(Email);
AX_TEXT_CODEC(Phone);
AX_TEXT_CODEC(Password);
AX_TEXT_CODEC(TokenText);
AX_TEXT_CODEC(Uuid);
AX_TEXT_CODEC(Date);
AX_TEXT_CODEC(Time);
AX_TEXT_CODEC(std::string);
#undef AX_TEXT_CODEC

bool parse_base64(const json::value& in, Bytes& out, std::size_t max, const std::string& path, Faults& faults);

template <std::size_t Max>
struct Codec<Base64<Max>> {
  static void parse(const json::value& in, Base64<Max>& out, const std::string& path, Faults& faults) {
    parse_base64(in, out.value, Max, path, faults);
  }
  static json::value lift(std::string_view text) { return lift_text(text); }
  static json::value schema(Schemas&) {
    return {{"type", "string"}, {"contentEncoding", "base64"}, {"minLength", 2}, {"maxLength", (Max + 2) / 3 * 4 + 64}};
  }
};

bool parse_int(const json::value& in, std::int64_t& out, std::int64_t min, std::int64_t max, const std::string& path, Faults& faults);

template <std::int64_t Min, std::int64_t Max>
struct Codec<Int<Min, Max>> {
  static void parse(const json::value& in, Int<Min, Max>& out, const std::string& path, Faults& faults) {
    parse_int(in, out.value, Min, Max, path, faults);
  }
  static json::value lift(std::string_view text) { return lift_number(text); }
  static json::value schema(Schemas&) { return {{"type", "integer"}, {"minimum", Min}, {"maximum", Max}}; }
};

template <>
struct Codec<Unit> {
  static void parse(const json::value& in, Unit& out, const std::string& path, Faults& faults);
  static json::value lift(std::string_view text) { return lift_number(text); }
  static json::value schema(Schemas&) { return {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}; }
};

template <>
struct Codec<bool> {
  static void parse(const json::value& in, bool& out, const std::string& path, Faults& faults);
  static json::value lift(std::string_view text) { return lift_bool(text); }
  static void write(std::string& out, bool value) { out += value ? "true" : "false"; }
  static json::value schema(Schemas&) { return {{"type", "boolean"}}; }
};

template <>
struct Codec<double> {
  static void write(std::string& out, double value) { write_number(out, value); }
  static json::value schema(Schemas&) { return {{"type", "number"}}; }
};
template <>
struct Codec<float> {
  static void write(std::string& out, float value) { write_number(out, static_cast<double>(value)); }
  static json::value schema(Schemas&) { return {{"type", "number"}}; }
};
template <>
struct Codec<std::int64_t> {
  static void write(std::string& out, std::int64_t value) { out += std::to_string(value); }
  static json::value schema(Schemas&) { return {{"type", "integer"}}; }
};
template <>
struct Codec<AnyJson> {
  static void write(std::string& out, const AnyJson& value) { out += value.text; }
  static json::value schema(Schemas&) { return json::object{}; }
};
template <>
struct Codec<AnyObject> {
  static void parse(const json::value& in, AnyObject& out, const std::string& path, Faults& faults) {
    if (const auto* object = in.if_object())
      out.value = *object;
    else
      faults.add(path, "must be an object");
  }
  static json::value lift(std::string_view text) { return lift_text(text); }
  static json::value schema(Schemas&) { return {{"type", "object"}, {"additionalProperties", true}}; }
};
template <>
struct Codec<json::object> {
  static void write(std::string& out, const json::object& value) { out += json::serialize(value); }
  static json::value schema(Schemas&) { return {{"type", "object"}, {"additionalProperties", true}}; }
};
template <>
struct Codec<UploadedFile> {
  static json::value schema(Schemas&) { return {{"type", "string"}, {"format", "binary"}}; }
};

template <class E>
struct Codec<E, std::enable_if_t<std::is_enum_v<E>>> {
  using Names = boost::describe::describe_enumerators<E>;
  static void parse(const json::value& in, E& out, const std::string& path, Faults& faults) {
    bool found = false;
    std::string allowed;
    if (in.is_string()) {
      boost::mp11::mp_for_each<Names>([&](auto d) {
        if (in.as_string() == d.name) {
          out = d.value;
          found = true;
        }
      });
    }
    if (found) return;
    boost::mp11::mp_for_each<Names>([&](auto d) { allowed += (allowed.empty() ? "" : ", ") + std::string{d.name}; });
    faults.add(path, "must be one of: " + allowed);
  }
  static json::value lift(std::string_view text) { return lift_text(text); }
  static std::string_view name(E value) {
    std::string_view found = "";
    boost::mp11::mp_for_each<Names>([&](auto d) {
      if (d.value == value) found = d.name;
    });
    return found;
  }
  static void write(std::string& out, E value) { write_quoted(out, name(value)); }
  static json::value schema(Schemas&) {
    json::array names;
    boost::mp11::mp_for_each<Names>([&](auto d) { names.push_back(json::value(d.name)); });
    return {{"type", "string"}, {"enum", names}};
  }
};

template <class E>
std::string_view enum_name(E value) {
  return Codec<E>::name(value);
}

template <class T, std::size_t Min, std::size_t Max>
struct Codec<List<T, Min, Max>> {
  static void parse(const json::value& in, List<T, Min, Max>& out, const std::string& path, Faults& faults) {
    const auto* array = in.if_array();
    if (array == nullptr) return faults.add(path, "must be a list");
    if (array->size() < Min || array->size() > Max)
      return faults.add(path, "must have " + std::to_string(Min) + " to " + std::to_string(Max) + " items");
    for (std::size_t i = 0; i < array->size(); ++i) {
      T item{};
      Codec<T>::parse((*array)[i], item, path + "[" + std::to_string(i) + "]", faults);
      out.value.push_back(std::move(item));
    }
  }
  static json::value lift(std::string_view text) { return json::array{Codec<T>::lift(text)}; }
  static json::value schema(Schemas& schemas) {
    return {{"type", "array"}, {"items", Codec<T>::schema(schemas)}, {"minItems", Min}, {"maxItems", Max}};
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static void write(std::string& out, const std::vector<T>& value) {
    out += '[';
    bool first = true;
    for (const auto& item : value) {
      if (!first) out += ',';
      first = false;
      Codec<T>::write(out, item);
    }
    out += ']';
  }
  static json::value schema(Schemas& schemas) { return {{"type", "array"}, {"items", Codec<T>::schema(schemas)}}; }
};

template <class T>
struct Codec<std::optional<T>> {
  static void parse(const json::value& in, std::optional<T>& out, const std::string& path, Faults& faults) {
    if (in.is_null()) return;
    T value{};
    Codec<T>::parse(in, value, path, faults);
    out = std::move(value);
  }
  static json::value lift(std::string_view text) { return Codec<T>::lift(text); }
  static void write(std::string& out, const std::optional<T>& value) {
    if (value)
      Codec<T>::write(out, *value);
    else
      out += "null";
  }
  static json::value schema(Schemas& schemas) {
    auto inner = Codec<T>::schema(schemas);
    if (inner.as_object().empty()) return inner;
    return {{"anyOf", json::array{inner, json::value{{"type", "null"}}}}};
  }
};

template <class... T>
struct Codec<std::variant<T...>> {
  static void write(std::string& out, const std::variant<T...>& value) {
    std::visit([&](const auto& v) { Codec<std::remove_cvref_t<decltype(v)>>::write(out, v); }, value);
  }
  static json::value schema(Schemas& schemas) { return {{"anyOf", json::array{Codec<T>::schema(schemas)...}}}; }
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
struct Codec<T, std::enable_if_t<boost::describe::has_describe_members<T>::value>> {
  using Members = boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

  static void parse(const json::value& in, T& out, const std::string& path, Faults& faults) {
    const auto* object = in.if_object();
    if (object == nullptr) return faults.add(path.empty() ? "$" : path, "must be an object");
    const std::string prefix = path.empty() ? "" : path + ".";
    boost::mp11::mp_for_each<Members>([&](auto d) {
      using M = std::remove_cvref_t<decltype(out.*d.pointer)>;
      const auto* member = object->if_contains(d.name);
      if (member != nullptr)
        Codec<M>::parse(*member, out.*d.pointer, prefix + d.name, faults);
      else if constexpr (!is_optional<M>)
        faults.add(prefix + d.name, "is required");
    });
    for (const auto& [key, value] : *object)
      if (!has(key)) faults.add(prefix + std::string{key}, "unknown field");
  }

  static bool has(std::string_view key) {
    bool found = false;
    boost::mp11::mp_for_each<Members>([&](auto d) { found = found || key == d.name; });
    return found;
  }

  static void write(std::string& out, const T& value) {
    out += '{';
    bool first = true;
    boost::mp11::mp_for_each<Members>([&](auto d) {
      using M = std::remove_cvref_t<decltype(value.*d.pointer)>;
      if constexpr (is_optional<M> && requires { typename T::omits_empty; })
        if (!(value.*d.pointer)) return;
      if (!first) out += ',';
      first = false;
      out += '"';
      out += d.name;
      out += "\":";
      Codec<M>::write(out, value.*d.pointer);
    });
    out += '}';
  }

  /// Inline object schema; `response` says whether every member is always there. A type with `omits_empty` leaves out the
  /// members that have no value, as the standards' own JSON does, where ours writes null.
  static json::object inline_schema(Schemas& schemas, bool response) {
    json::object properties;
    json::array required;
    boost::mp11::mp_for_each<Members>([&](auto d) {
      using M = std::remove_cvref_t<decltype(std::declval<T>().*d.pointer)>;
      if constexpr (is_optional<M> && requires { typename T::omits_empty; }) {
        properties[d.name] = Codec<typename M::value_type>::schema(schemas);
      } else {
        properties[d.name] = Codec<M>::schema(schemas);
        if (response || !is_optional<M>) required.push_back(json::value(d.name));
      }
    });
    json::object out{{"type", "object"}, {"properties", properties}, {"additionalProperties", requires {typename T::protocol;
  }
}
};  // namespace authx::http
if (!required.empty()) out["required"] = required;
if constexpr (requires { T::example; }) out["examples"] = json::array{json::parse(T::example)};
return out;
}

static json::value schema(Schemas& schemas) {
  constexpr auto name = type_name<T>();
  const json::string_view key{name.data(), name.size()};
  const bool own = owns_schema(name, __PRETTY_FUNCTION__);
  if (!schemas.contains(key)) {
    schemas[key] = json::object{};  // breaks recursion
    schemas[key] = inline_schema(schemas, requires { typename T::is_response; });
  } else if (!own) {
    require_same_schema(name, schemas[key], inline_schema(schemas, requires { typename T::is_response; }));
  }
  return {{"$ref", "#/components/schemas/" + std::string{name}}};
}
}
;

/// Whether a request holds an AnyObject: then that is its body.
template <class T>
constexpr bool takes_any_object() {
  bool found = false;
  boost::mp11::mp_for_each<typename Codec<T>::Members>(
      [&](auto d) { found = found || std::is_same_v<std::remove_cvref_t<decltype(std::declval<T>().*d.pointer)>, AnyObject>; });
  return found;
}

template <class T>
std::string to_json(const T& value) {
  std::string out;
  out.reserve(256);
  Codec<T>::write(out, value);
  return out;
}

}  // namespace authx::http
