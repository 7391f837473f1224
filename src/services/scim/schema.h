#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"

namespace authx::scim {

inline constexpr std::string_view kUserSchema = "urn:ietf:params:scim:schemas:core:2.0:User";
inline constexpr std::string_view kGroupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";
inline constexpr std::string_view kEnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

enum class Type : std::uint8_t { text, boolean, time, reference, complex };

/// An attribute's definition (RFC 7643, section 7).
struct Attribute {
  std::string_view name;
  Type type = Type::text;
  bool many = false;
  bool exact = false;      ///< texts compare with case
  bool read_only = false;  ///< the server's to say; what clients send of it is ignored
  bool required = false;
  bool unique = false;
  std::string_view description;
  std::span<const Attribute> subs = {};
};

/// A schema with its extensions.
struct Schema {
  std::string_view id, name, description;
  std::span<const Attribute> attributes;
  const Schema* extension = nullptr;

  /// Without case, as all names of SCIM.
  const Attribute* find(std::string_view attribute) const;
};

const Schema& user_schema();
const Schema& group_schema();
const Schema& enterprise_schema();

/// `id`, `externalId`, `schemas` and `meta`, which every resource has.
const Attribute* common_attribute(std::string_view name);
const Attribute* find_attribute(std::span<const Attribute> among, std::string_view name);
/// In `schema` (empty: the resource's own, common attributes among them); null when there is none.
const Attribute* attribute_of(const Schema& resource, std::string_view schema, std::string_view name);

bool same_name(std::string_view a, std::string_view b) noexcept;  ///< ASCII, without case
/// A member by its name without case.
const json::value* member(const json::object& in, std::string_view name);

/// A client's document with known attributes only, under their own names, checked: types, lengths, one primary. The texts "True" and
/// "False" count as booleans, one value of a multi-valued attribute as a list of it. `Errc::validation` on `invalidValue`.
Result<json::object> cleaned(const json::object& in, const Schema& schema);

/// As /Schemas tells it.
json::object described(const Schema& schema, const std::string& base);

/// A resource with what a request's `attributes` and `excludedAttributes` leave (RFC 7644, 3.9); `id` and `schemas` always.
json::object projected(const json::object& resource, std::string_view attributes, std::string_view excluded);

}  // namespace authx::scim
