#include "services/scim/filter.h"

#include <algorithm>

#include "base/time.h"

namespace authx::scim {
namespace {

constexpr std::size_t kLongest = 2000;
constexpr int kDeepest = 12;
constexpr int kMostTerms = 64;

constexpr std::pair<std::string_view, Compare> kOperators[] = {
    {"eq", Compare::eq}, {"ne", Compare::ne}, {"co", Compare::co}, {"sw", Compare::sw}, {"ew", Compare::ew},
    {"gt", Compare::gt}, {"ge", Compare::ge}, {"lt", Compare::lt}, {"le", Compare::le}, {"pr", Compare::present}};

std::string_view sv(const json::string& text) { return {text.data(), text.size()}; }

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool in_name(char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '$'; }
bool in_path(char c) { return in_name(c) || c == '.' || c == ':'; }

/// The grammar of RFC 7644, figure 1: `or` binds loosest, then `and`, then `not`.
class Parser {
 public:
  Parser(std::string_view text, std::string_view fault) : text_(text), fault_(fault) {}

  Result<Filter> whole() {
    if (text_.size() > kLongest) return refused("is too long");
    AX_TRY(auto out, either(0));
    spaces();
    if (at_ != text_.size()) return refused("goes on after its end");
    return out;
  }

  Result<PatchPath> path() {
    if (text_.size() > kLongest) return refused("is too long");
    PatchPath out;
    AX_TRY(out.at, attribute(true));
    if (take('[')) {
      if (out.at.name.empty() || !out.at.sub.empty()) return refused("has a filter where none may be");
      inside_ = true;
      AX_TRY(auto filter, either(0));
      spaces();
      if (!take(']')) return refused("has a filter without its end");
      out.elements = std::move(filter);
      if (take('.')) {
        const auto sub = run(&in_name);
        if (sub.empty()) return refused("ends early");
        out.at.sub = sub;
      }
    }
    if (at_ != text_.size()) return refused("goes on after its end");
    return out;
  }

 private:
  Error refused(const char* why) const { return Error::invalid(std::string{fault_}, why); }

  void spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view run(bool (*belongs)(char)) {
    const auto from = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }
  /// A word, if it is the next and stands alone.
  bool keyword(std::string_view word) {
    const auto before = at_;
    spaces();
    const auto end = at_ + word.size();
    if (end <= text_.size() && same_name(text_.substr(at_, word.size()), word) && (end == text_.size() || !in_path(text_[end]))) {
      at_ = end;
      return true;
    }
    at_ = before;
    return false;
  }

  Result<Filter> either(int depth) {
    if (depth > kDeepest) return refused("is nested too deeply");
    AX_TRY(auto left, both(depth));
    while (keyword("or")) {
      AX_TRY(auto right, both(depth));
      left = pair(Filter::Kind::either, std::move(left), std::move(right));
    }
    return left;
  }

  Result<Filter> both(int depth) {
    AX_TRY(auto left, term(depth));
    while (keyword("and")) {
      AX_TRY(auto right, term(depth));
      left = pair(Filter::Kind::both, std::move(left), std::move(right));
    }
    return left;
  }

  static Filter pair(Filter::Kind kind, Filter left, Filter right) {
    Filter out;
    out.kind = kind;
    // A chain of one kind stays flat, so that its length costs no depth.
    if (left.kind == kind) {
      out = std::move(left);
    } else {
      out.children.push_back(std::move(left));
    }
    out.children.push_back(std::move(right));
    return out;
  }

  Result<Filter> term(int depth) {
    const auto before = at_;
    if (keyword("not")) {
      spaces();
      if (take('(')) {
        Filter out;
        out.kind = Filter::Kind::negation;
        AX_TRY(auto inner, grouped(depth));
        out.children.push_back(std::move(inner));
        return out;
      }
      at_ = before;
    }
    spaces();
    if (take('(')) return grouped(depth);
    Filter out;
    AX_TRY(out.path, attribute(false));
    if (take('[')) {
      if (inside_ || !out.path.sub.empty()) return refused("has a filter within a filter");
      out.kind = Filter::Kind::element;
      inside_ = true;
      AX_TRY(auto inner, either(depth + 1));
      inside_ = false;
      spaces();
      if (!take(']')) return refused("misses a ]");
      out.children.push_back(std::move(inner));
      return out;
    }
    if (++terms_ > kMostTerms) return refused("has too many comparisons");
    if (!take(' ')) return refused("misses an operator");
    spaces();
    const auto word = run(&letter);
    const auto* known = std::ranges::find_if(kOperators, [&](const auto& op) { return same_name(op.first, word); });
    if (known == std::end(kOperators)) return refused("has an unknown operator");
    out.compare = known->second;
    if (out.compare == Compare::present) return out;
    if (!take(' ')) return refused("misses a value");
    spaces();
    AX_TRY(out.value, literal());
    const bool ordered = out.compare != Compare::eq && out.compare != Compare::ne;
    if (ordered && (out.value.is_bool() || out.value.is_null())) return refused("orders what has no order");
    return out;
  }

  Result<Filter> grouped(int depth) {
    AX_TRY(auto inner, either(depth + 1));
    spaces();
    if (!take(')')) return refused("misses a )");
    return inner;
  }

  Result<AttributePath> attribute(bool whole_extension) {
    const auto token = run(&in_path);
    AttributePath out;
    std::string_view rest = token;
    if (token.size() > 4 && same_name(token.substr(0, 4), "urn:")) {
      for (const auto schema : {kUserSchema, kGroupSchema, kEnterpriseSchema}) {
        if (token.size() < schema.size() || !same_name(token.substr(0, schema.size()), schema)) continue;
        if (token.size() == schema.size()) {
          if (!whole_extension || schema != kEnterpriseSchema) return refused("names a schema, not an attribute");
          out.schema = schema;
          return out;
        }
        if (token[schema.size()] != ':') continue;
        if (schema == kEnterpriseSchema) out.schema = schema;
        rest = token.substr(schema.size() + 1);
      }
      if (rest.size() == token.size()) return refused("names an unknown schema");
    }
    const auto dot = rest.find('.');
    const auto name = rest.substr(0, dot);
    const auto sub = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    const auto is_name = [](std::string_view text, bool dollar) {
      return !text.empty() && (letter(text.front()) || (dollar && text.front() == '$')) && std::ranges::all_of(text, &in_name);
    };
    if (!is_name(name, inside_) || (dot != std::string_view::npos && !is_name(sub, true))) return refused("names no attribute");
    out.name = name;
    out.sub = sub;
    return out;
  }

  /// A JSON literal, its text included: only what is inside quotes may hold spaces or brackets.
  Result<json::value> literal() {
    const auto from = at_;
    if (take('"')) {
      while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
      if (at_ >= text_.size()) return refused("has a text without its end");
      ++at_;
    } else {
      run([](char c) { return in_name(c) || c == '.' || c == '+'; });
    }
    const auto parsed = parse_json(text_.substr(from, at_ - from));
    if (!parsed || parsed->is_object() || parsed->is_array()) return refused("has a value that is no text, number, true, false or null");
    return *parsed;
  }

  std::string_view text_, fault_;
  std::size_t at_ = 0;
  int terms_ = 0;
  bool inside_ = false;  ///< of a value filter
};

std::string folded(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

template <class T>
bool ordered(Compare compare, const T& a, const T& b) {
  switch (compare) {
    case Compare::gt: return a > b;
    case Compare::ge: return a >= b;
    case Compare::lt: return a < b;
    case Compare::le: return a <= b;
    default: return a == b;
  }
}

bool compared(const json::value& have, Compare compare, const json::value& want, const Attribute* attribute) {
  if (want.is_number() && have.is_number()) return ordered(compare, have.to_number<double>(), want.to_number<double>());
  if (have.is_bool()) {
    if (compare != Compare::eq) return false;
    if (want.is_bool()) return have.as_bool() == want.as_bool();
    return want.is_string() && same_name(sv(want.as_string()), have.as_bool() ? "true" : "false");
  }
  if (!have.is_string() || !want.is_string()) return false;
  if (attribute != nullptr && attribute->type == Type::time) {
    const auto a = parse_time(sv(have.as_string())), b = parse_time(sv(want.as_string()));
    if (a && b) return ordered(compare, *a, *b);
  }
  const bool exact = attribute != nullptr && attribute->exact;
  const auto a = exact ? std::string{sv(have.as_string())} : folded(sv(have.as_string()));
  const auto b = exact ? std::string{sv(want.as_string())} : folded(sv(want.as_string()));
  switch (compare) {
    case Compare::co: return a.find(b) != std::string::npos;
    case Compare::sw: return a.starts_with(b);
    case Compare::ew: return a.ends_with(b);
    default: return ordered(compare, a, b);
  }
}

bool empty(const json::value& value) {
  return value.is_null() || (value.is_string() && value.as_string().empty()) || (value.is_array() && value.as_array().empty()) ||
         (value.is_object() && value.as_object().empty());
}

/// The values that a path means: those of every element, and of a complex one its `value`.
struct Meant {
  std::vector<const json::value*> values;
  const Attribute* attribute = nullptr;  ///< of the values
};

Meant meant(const json::object& in, const AttributePath& path, std::span<const Attribute> attributes) {
  Meant out;
  const auto* attribute = find_attribute(attributes, path.name);
  const auto* found = member(in, path.name);
  out.attribute = attribute;
  if (attribute != nullptr && !attribute->subs.empty())
    out.attribute = find_attribute(attribute->subs, path.sub.empty() ? std::string_view{"value"} : std::string_view{path.sub});
  if (found == nullptr) return out;
  const auto add = [&](const json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr) {
      if (path.sub.empty()) out.values.push_back(&value);
      return;
    }
    if (const auto* sub = member(*object, path.sub.empty() ? std::string_view{"value"} : std::string_view{path.sub}))
      out.values.push_back(sub);
    else if (path.sub.empty())
      out.values.push_back(&value);  // present, though it has no value to compare
  };
  if (const auto* array = found->if_array())
    for (const auto& item : *array) add(item);
  else
    add(*found);
  return out;
}

bool passes(const Filter& filter, const json::object& in, std::span<const Attribute> attributes, const Schema* schema);

/// Where a path begins: the resource, its extension, or an element.
bool at_path(const Filter& filter, const json::object& in, std::span<const Attribute> attributes, const Schema* schema) {
  const json::object* base = &in;
  static const json::object nothing;
  if (schema != nullptr && !filter.path.schema.empty()) {
    const auto* extension = member(in, filter.path.schema);
    base = extension != nullptr && extension->is_object() ? &extension->as_object() : &nothing;
    attributes = schema->extension != nullptr ? schema->extension->attributes : std::span<const Attribute>{};
  } else if (schema != nullptr && schema->find(filter.path.name) == nullptr) {
    const auto* common = common_attribute(filter.path.name);
    attributes = common == nullptr ? std::span<const Attribute>{} : std::span{common, 1};
  }
  if (filter.kind == Filter::Kind::element) {
    const auto* attribute = find_attribute(attributes, filter.path.name);
    const auto* found = member(*base, filter.path.name);
    if (found == nullptr) return false;
    const auto subs = attribute != nullptr ? attribute->subs : std::span<const Attribute>{};
    const auto one = [&](const json::value& value) {
      return value.is_object() && passes(filter.children[0], value.as_object(), subs, nullptr);
    };
    if (const auto* array = found->if_array()) return std::ranges::any_of(*array, one);
    return one(*found);
  }
  const auto found = meant(*base, filter.path, attributes);
  const auto present = std::ranges::any_of(found.values, [](const auto* value) { return !empty(*value); });
  if (filter.compare == Compare::present) return present;
  if (filter.value.is_null()) return filter.compare == Compare::eq ? !present : present;
  if (filter.compare == Compare::ne)
    return std::ranges::none_of(found.values,
                                [&](const auto* value) { return compared(*value, Compare::eq, filter.value, found.attribute); });
  return std::ranges::any_of(found.values,
                             [&](const auto* value) { return compared(*value, filter.compare, filter.value, found.attribute); });
}

bool passes(const Filter& filter, const json::object& in, std::span<const Attribute> attributes, const Schema* schema) {
  const auto child = [&](const Filter& one) { return passes(one, in, attributes, schema); };
  switch (filter.kind) {
    case Filter::Kind::both: return std::ranges::all_of(filter.children, child);
    case Filter::Kind::either: return std::ranges::any_of(filter.children, child);
    case Filter::Kind::negation: return !child(filter.children[0]);
    case Filter::Kind::compare:
    case Filter::Kind::element: break;
  }
  return at_path(filter, in, attributes, schema);
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text) { return Parser{text, "invalidFilter"}.whole(); }
Result<PatchPath> PatchPath::parse(std::string_view text) { return Parser{text, "invalidPath"}.path(); }

bool Filter::matches(const json::object& resource, const Schema& schema) const {
  return passes(*this, resource, schema.attributes, &schema);
}

std::optional<std::string> Filter::must_equal(std::string_view name) const {
  if (kind == Kind::both) {
    for (const auto& child : children)
      if (auto found = child.must_equal(name)) return found;
    return std::nullopt;
  }
  if (kind != Kind::compare || compare != Compare::eq || !path.schema.empty() || !path.sub.empty() || !same_name(path.name, name) ||
      !value.is_string())
    return std::nullopt;
  return std::string{sv(value.as_string())};
}

bool Filter::mentions(std::string_view name) const {
  if (kind == Kind::compare || kind == Kind::element) return same_name(path.name, name);
  return std::ranges::any_of(children, [&](const Filter& child) { return child.mentions(name); });
}

}  // namespace authx::scim
