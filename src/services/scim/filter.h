#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "services/scim/schema.h"

namespace authx::scim {

/// A place in a resource: `[schema:]name[.sub]` (RFC 7644, 3.10). `schema` is as the schemas are named here, empty for the core one.
struct AttributePath {
  std::string schema, name, sub;
};

enum class Compare : std::uint8_t { eq, ne, co, sw, ew, gt, ge, lt, le, present };

/// A filter (RFC 7644, 3.4.2.2), parsed.
struct Filter {
  enum class Kind : std::uint8_t { compare, both, either, negation, element };
  Kind kind = Kind::compare;
  AttributePath path;             ///< of `compare` and `element`
  Compare compare = Compare::eq;  ///< of `compare`
  json::value value;              ///< text, number, boolean or null
  std::vector<Filter> children;   ///< two of `both` and `either`, one of `negation` and `element`

  /// At most 2,000 bytes, 12 levels and 64 comparisons. `Errc::validation` on `invalidFilter`.
  static Result<Filter> parse(std::string_view text);

  /// Whether a resource, or an element of a multi-valued attribute, passes. Texts compare without case except where the schema says
  /// exactly; times as times; what a resource does not have passes `ne` and nothing else.
  bool matches(const json::object& resource, const Schema& schema) const;

  /// A text that `name` must equal for the filter to pass, if it says so: what an index can look up.
  std::optional<std::string> must_equal(std::string_view name) const;
  /// Whether it names the attribute anywhere.
  bool mentions(std::string_view name) const;
};

/// Where a PATCH operation points (RFC 7644, 3.5.2): an attribute, the elements of one that pass a filter, a sub-attribute.
/// An empty `at.name` with a schema is that whole extension.
struct PatchPath {
  AttributePath at;
  std::optional<Filter> elements;

  static Result<PatchPath> parse(std::string_view text);  ///< limits as a filter's; `Errc::validation` on `invalidPath`
};

}  // namespace authx::scim
