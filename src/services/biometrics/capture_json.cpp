#include "services/biometrics/capture_json.h"

namespace authx::biometrics {
namespace {

json::string_view js(std::string_view s) { return {s.data(), s.size()}; }

json::array reasons_json(std::span<const Reason> reasons) {
  json::array out;
  for (const auto& r : reasons) out.push_back(json::value{{"code", r.code}, {"message", r.message}});
  return out;
}

}  // namespace

std::string to_json(const CaptureOptions& o) {
  json::array purposes;
  for (const auto& p : o.purposes) purposes.push_back(json::value(p));
  return json::serialize(json::object{{"position", o.input.position},
                                      {"dpi", o.input.dpi},
                                      {"raw_width", o.input.raw_width},
                                      {"raw_height", o.input.raw_height},
                                      {"quality_threshold", o.quality_threshold},
                                      {"purposes", purposes},
                                      {"replace", o.replace},
                                      {"lifetime_days", o.lifetime.count()}});
}

Result<CaptureOptions> options_from_json(std::string_view text) {
  AX_TRY(const auto v, parse_json(text));
  CaptureOptions o;
  const auto number = [&v](std::string_view key) { return static_cast<int>(get_number(v, key).value_or(0)); };
  o.input = {number("position"), number("dpi"), number("raw_width"), number("raw_height")};
  o.quality_threshold = get_number(v, "quality_threshold").value_or(o.quality_threshold);
  o.replace = get_bool(v, "replace").value_or(false);
  o.lifetime = std::chrono::days{number("lifetime_days")};
  if (const auto* purposes = find(v, "purposes"); purposes != nullptr && purposes->is_array()) {
    for (const auto& p : purposes->as_array()) {
      if (p.is_string()) o.purposes.emplace_back(p.as_string());
    }
  }
  return o;
}

json::object describe(const Modality& modality, std::span<const Sample> samples, std::string_view outcome,
                      std::span<const Reason> reasons) {
  json::array list;
  for (const auto& s : samples) {
    list.push_back(json::value{{"position", s.position},
                               {"quality", s.quality},
                               {"measures", s.measures},
                               {"reasons", reasons_json(s.reasons)},
                               {"unvalidated_attack_signals", s.attack_signals}});
  }
  return {{"model", js(modality.model())}, {"outcome", js(outcome)}, {"reasons", reasons_json(reasons)}, {"samples", list}};
}

}  // namespace authx::biometrics
