#include "services/oauth/claims_request.h"

#include <algorithm>
#include <array>

namespace authx::oauth {
namespace {

constexpr std::size_t kMostClaims = 50;
constexpr std::size_t kMostValues = 20;
constexpr std::size_t kMostSets = 5;
constexpr std::size_t kLongestName = 100;
constexpr std::chrono::seconds kLongestAge = std::chrono::years{200};  ///< more is as much
constexpr std::string_view kClaimWord = "claim:";
constexpr std::string_view kVerifiedWord = "verified:";
constexpr std::string_view kVerifiedScope = "verified_identity";

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kClaims{{{"name", "profile"},
                                                                                {"birthdate", "profile"},
                                                                                {"email", "email"},
                                                                                {"email_verified", "email"},
                                                                                {"phone_number", "phone"},
                                                                                {"phone_number_verified", "phone"},
                                                                                {"address", "address"}}};
constexpr std::array<std::string_view, 2> kVerifiable{"name", "birthdate"};
/// Claims of the ID token that a request may constrain though they come always.
constexpr std::array<std::string_view, 2> kAlways{"sub", "acr"};

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

Refusal fault(const char* what) { return {"invalid_request", what}; }
bool is_scalar(const json::value& v) { return v.is_string() || v.is_number() || v.is_bool(); }
json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

bool is_constraint(const json::object& wish) { return wish.contains("value") || wish.contains("values") || wish.contains("max_age"); }

Outcome<ClaimWish> wish_of(const json::value& in) {
  ClaimWish out;
  if (in.is_null()) return out;
  const auto* object = in.if_object();
  if (object == nullptr) return fault("a claim of claims must be null or an object");
  if (const auto* essential = object->if_contains("essential")) {
    if (!essential->is_bool()) return fault("essential must be true or false");
    out.essential = essential->as_bool();
  }
  if (const auto* value = object->if_contains("value")) {
    if (!is_scalar(*value)) return fault("a value of claims must be a string, a number or a boolean");
    out.values.push_back(*value);
  }
  if (const auto* values = object->if_contains("values")) {
    const auto* list = values->if_array();
    if (list == nullptr || list->empty() || list->size() > kMostValues || !std::ranges::all_of(*list, is_scalar) || !out.values.empty())
      return fault("values of claims must be a short list, without value beside it");
    out.values.assign(list->begin(), list->end());
  }
  return out;
}

Outcome<ClaimWishes> wishes_of(const json::object& in) {
  if (in.size() > kMostClaims) return fault("claims asks for too many claims");
  ClaimWishes out;
  for (const auto& [name, value] : in) {
    if (name == "verified_claims") continue;
    if (name.empty() || name.size() > kLongestName) return fault("claims holds an empty or too long name");
    AX_TRY(auto wish, wish_of(value));
    out.emplace(std::string{name}, std::move(wish));
  }
  return out;
}

/// Whether what is asked of a verification has the form that `fitting` understands: null, or an object; lists in evidence.
bool verification_has_form(const json::value& wish, int depth) {
  if (depth > 6) return false;
  if (wish.is_null()) return true;
  if (const auto* list = wish.if_array())
    return !list->empty() && list->size() <= kMostValues &&
           std::ranges::all_of(*list, [&](const json::value& item) { return item.is_object() && verification_has_form(item, depth + 1); });
  const auto* object = wish.if_object();
  if (object == nullptr || object->size() > kMostValues) return false;
  if (is_constraint(*object)) {
    if (const auto* age = object->if_contains("max_age"); age != nullptr && !(age->is_int64() && age->as_int64() >= 0)) return false;
    if (const auto* value = object->if_contains("value"); value != nullptr && !is_scalar(*value)) return false;
    const auto* values = object->if_contains("values");
    return values == nullptr || (values->is_array() && !values->as_array().empty() && values->as_array().size() <= kMostValues &&
                                 std::ranges::all_of(values->as_array(), is_scalar));
  }
  return std::ranges::all_of(*object, [&](const auto& member) {
    return (member.key() == "essential" && member.value().is_bool()) || verification_has_form(member.value(), depth + 1);
  });
}

Outcome<VerifiedWish> verified_of(const json::value& in) {
  const auto* object = in.if_object();
  const auto* verification = object != nullptr ? object->if_contains("verification") : nullptr;
  const auto* claims = object != nullptr ? object->if_contains("claims") : nullptr;
  if (verification == nullptr || !verification->is_object() || !verification->as_object().contains("trust_framework"))
    return fault("verified_claims must say which verification, with its trust_framework");
  if (claims == nullptr || !claims->is_object() || claims->as_object().empty()) return fault("verified_claims must name claims");
  if (!verification_has_form(*verification, 0)) return fault("verification of verified_claims is malformed");
  AX_TRY(auto wishes, wishes_of(claims->as_object()));
  return VerifiedWish{verification->as_object(), std::move(wishes)};
}

Outcome<ClaimsPart> part_of(const json::object& in, std::string_view name) {
  ClaimsPart out;
  const auto* part = in.if_contains(view(name));
  if (part == nullptr || part->is_null()) return out;
  if (!part->is_object()) return fault("userinfo and id_token of claims must be objects");
  AX_TRY(out.claims, wishes_of(part->as_object()));
  const auto* verified = part->as_object().if_contains("verified_claims");
  if (verified == nullptr) return out;
  if (const auto* list = verified->if_array()) {
    if (list->empty() || list->size() > kMostSets) return fault("verified_claims must be a short list or an object");
    for (const auto& item : *list) {
      AX_TRY(auto wish, verified_of(item));
      out.verified.push_back(std::move(wish));
    }
  } else {
    AX_TRY(auto wish, verified_of(*verified));
    out.verified.push_back(std::move(wish));
  }
  return out;
}

json::object written(const ClaimWishes& wishes) {
  json::object out;
  for (const auto& [name, wish] : wishes) {
    json::object said;
    if (wish.essential) said["essential"] = true;
    if (!wish.values.empty()) said["values"] = json::array(wish.values.begin(), wish.values.end());
    out[name] = said.empty() ? json::value(nullptr) : json::value(std::move(said));
  }
  return out;
}

json::object written(const ClaimsPart& part) {
  auto out = written(part.claims);
  if (part.verified.empty()) return out;
  json::array sets;
  for (const auto& wish : part.verified)
    sets.push_back(json::object{{"verification", wish.verification}, {"claims", written(wish.claims)}});
  out["verified_claims"] = std::move(sets);
  return out;
}

void limit(ClaimsPart& part, const Words& allowed) {
  std::erase_if(part.claims, [&](const auto& wish) {
    const auto scope = scope_of_claim(wish.first);
    return !among(kAlways, wish.first) && (scope.empty() || !contains(allowed, scope));
  });
  if (!contains(allowed, kVerifiedScope)) part.verified.clear();
}

bool meets(const json::value& have, const json::object& constraint, Time now) {
  if (const auto* value = constraint.if_contains("value"); value != nullptr && have != *value) return false;
  if (const auto* values = constraint.if_contains("values");
      values != nullptr && std::ranges::find(values->as_array(), have) == values->as_array().end())
    return false;
  if (const auto* age = constraint.if_contains("max_age")) {
    const auto at = have.is_string() ? parse_time({have.as_string().data(), have.as_string().size()}) : std::nullopt;
    if (!at || now - *at > std::min<std::chrono::seconds>(std::chrono::seconds{age->as_int64()}, kLongestAge)) return false;
  }
  return true;
}

bool constrains(const json::value& wish) {
  if (const auto* list = wish.if_array()) return std::ranges::any_of(*list, constrains);
  const auto* object = wish.if_object();
  if (object == nullptr) return false;
  return is_constraint(*object) || std::ranges::any_of(*object, [](const auto& member) { return constrains(member.value()); });
}

/// The members of `have` that `wish` names, each as far as it asks; nothing when a constraint is not met. `always` comes unasked.
std::optional<json::value> fitting(const json::value& have, const json::value& wish, std::string_view always, Time now) {
  if (wish.is_null()) return have;
  if (const auto* wishes = wish.if_array()) {
    const auto* list = have.if_array();
    if (list == nullptr) return std::nullopt;
    json::array out;
    for (const auto& item : *list)
      for (const auto& one : *wishes)
        if (auto fits = fitting(item, one, "type", now)) {
          out.push_back(std::move(*fits));
          break;
        }
    if (out.empty()) return std::nullopt;
    return out;
  }
  const auto& wanted = wish.as_object();
  if (is_constraint(wanted)) return meets(have, wanted, now) ? std::optional{have} : std::nullopt;
  const auto* object = have.if_object();
  if (object == nullptr) {
    const bool plain = std::ranges::all_of(wanted, [](const auto& member) { return member.key() == "essential"; });
    return plain ? std::optional{have} : std::nullopt;
  }
  json::object out;
  if (const auto* value = object->if_contains(view(always))) out[view(always)] = *value;
  for (const auto& [name, inner] : wanted) {
    if (name == "essential") continue;
    const auto* value = object->if_contains(name);
    if (value == nullptr) {
      if (constrains(inner)) return std::nullopt;
      continue;
    }
    auto fits = fitting(*value, inner, "type", now);
    if (!fits) return std::nullopt;
    out[name] = std::move(*fits);
  }
  return out;
}

std::uint8_t level_of(std::string_view acr) noexcept { return acr == "aal1" ? 1 : acr == "aal2" ? 2 : acr == "aal3" ? 3 : 0; }

}  // namespace

bool ClaimWish::accepts(const json::value& value) const { return values.empty() || std::ranges::find(values, value) != values.end(); }

std::string_view scope_of_claim(std::string_view claim) noexcept {
  for (const auto& [name, scope] : kClaims)
    if (name == claim) return scope;
  return {};
}

Outcome<ClaimsRequest> ClaimsRequest::parse(std::string_view text, std::size_t longest) {
  ClaimsRequest out;
  if (text.empty()) return out;
  if (text.size() > longest) return fault("claims is too long");
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return fault("claims must be a JSON object");
  AX_TRY(out.userinfo, part_of(parsed->as_object(), "userinfo"));
  AX_TRY(out.id_token, part_of(parsed->as_object(), "id_token"));
  return out;
}

std::string ClaimsRequest::text() const {
  if (empty()) return {};
  json::object out;
  if (!userinfo.empty()) out["userinfo"] = written(userinfo);
  if (!id_token.empty()) out["id_token"] = written(id_token);
  return json::serialize(out);
}

void ClaimsRequest::limit_to(const Words& allowed) {
  limit(userinfo, allowed);
  limit(id_token, allowed);
}

Words ClaimsRequest::consent_words(const Words& scope) const {
  Words out;
  const auto add = [&](std::string_view prefix, std::string_view name) {
    std::string word{prefix};
    word += name;
    if (!agreed(word, scope) && !contains(out, word)) out.push_back(std::move(word));
  };
  for (const auto* part : {&userinfo, &id_token}) {
    for (const auto& [name, wish] : part->claims)
      if (!scope_of_claim(name).empty()) add(kClaimWord, name);
    for (const auto& wish : part->verified)
      for (const auto& [name, inner] : wish.claims)
        if (among(kVerifiable, name)) add(kVerifiedWord, name);
  }
  return out;
}

bool agreed(std::string_view word, const Words& given) {
  if (contains(given, word)) return true;
  if (word.starts_with(kVerifiedWord)) return contains(given, kVerifiedScope);
  if (!word.starts_with(kClaimWord)) return false;
  const auto scope = scope_of_claim(word.substr(kClaimWord.size()));
  return !scope.empty() && contains(given, scope);
}

std::optional<json::object> answer_wish(const json::object& have, const VerifiedWish& wish, Time now) {
  const auto* verification = have.if_contains("verification");
  const auto* claims = have.if_contains("claims");
  if (verification == nullptr || claims == nullptr || !claims->is_object()) return std::nullopt;
  auto fits = fitting(*verification, wish.verification, "trust_framework", now);
  if (!fits) return std::nullopt;
  json::object told;
  for (const auto& [name, one] : wish.claims) {
    const auto* value = claims->as_object().if_contains(name);
    if (value == nullptr) {
      if (!one.values.empty()) return std::nullopt;
      continue;
    }
    if (!one.accepts(*value)) return std::nullopt;
    told[name] = *value;
  }
  if (told.empty()) return std::nullopt;
  return json::object{{"verification", std::move(*fits)}, {"claims", std::move(told)}};
}

AcrWish::AcrWish(const ClaimsRequest& claims, std::string_view acr_values) {
  const auto add = [this](std::string_view acr) {
    const auto level = level_of(acr);
    if (level != 0 && std::ranges::find(levels, level) == levels.end()) levels.push_back(level);
  };
  const auto wish = claims.id_token.claims.find("acr");
  if (wish != claims.id_token.claims.end() && !wish->second.values.empty()) {
    essential = wish->second.essential;
    for (const auto& value : wish->second.values)
      if (value.is_string()) add({value.as_string().data(), value.as_string().size()});
    impossible = essential && levels.empty();
  }
  if (!essential)
    for (const auto& word : words_of(acr_values)) add(word);
}

bool AcrWish::met_by(std::uint8_t aal) const {
  return !impossible && (levels.empty() || std::ranges::any_of(levels, [&](auto level) { return level <= aal; }));
}

std::optional<std::uint8_t> AcrWish::to_ask(std::uint8_t reachable) const {
  for (const auto level : levels)
    if (level <= reachable) return level;
  return std::nullopt;
}

std::uint8_t AcrWish::told(std::uint8_t aal) const {
  std::uint8_t highest = 0;
  if (essential)
    for (const auto level : levels)
      if (level <= aal) highest = std::max(highest, level);
  return highest == 0 ? aal : highest;
}

}  // namespace authx::oauth
