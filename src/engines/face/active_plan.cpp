#include <algorithm>

#include "engines/face/active.h"

namespace authx::face::active {
namespace {

constexpr std::array kActions{std::pair{Action::turn_left, std::string_view{"turn_left"}},
                              std::pair{Action::turn_right, std::string_view{"turn_right"}},
                              std::pair{Action::nod, std::string_view{"nod"}},
                              std::pair{Action::blink, std::string_view{"blink"}},
                              std::pair{Action::smile, std::string_view{"smile"}},
                              std::pair{Action::approach, std::string_view{"approach"}},
                              std::pair{Action::light, std::string_view{"light"}}};

constexpr std::array kColours{Colour{0, 200, 0}, Colour{0, 0, 255}, Colour{0, 200, 255}, Colour{255, 0, 255}, Colour{255, 220, 0}};

constexpr milliseconds kStart{1'000};  ///< looking straight: what the rest is compared with
constexpr milliseconds kPause{500};
constexpr milliseconds kLight{600};
constexpr int kLights = 4;
constexpr milliseconds kEnd{500};

/// Unbiased enough: 16 bits for fewer than ten choices.
class Dice {
 public:
  explicit Dice(std::span<const std::uint8_t> entropy) : entropy_(entropy) {}
  std::size_t below(std::size_t n) {
    const auto a = next(), b = next();
    return (static_cast<std::size_t>(a) << 8 | b) % n;
  }

 private:
  std::uint8_t next() { return at_ < entropy_.size() ? entropy_[at_++] : std::uint8_t{0}; }
  std::span<const std::uint8_t> entropy_;
  std::size_t at_ = 0;
};

}  // namespace

std::string_view to_string(Action action) noexcept {
  for (const auto& [value, name] : kActions)
    if (value == action) return name;
  return "unknown";
}

std::optional<Action> parse_action(std::string_view word) noexcept {
  for (const auto& [value, name] : kActions)
    if (name == word) return value;
  return std::nullopt;
}

namespace {

void shuffle(std::vector<Action>& tasks, Dice& dice) {
  for (std::size_t i = tasks.size() - 1; i > 0; --i) std::swap(tasks[i], tasks[dice.below(i + 1)]);
}

/// Gives the tasks their times, and the lights, if any, a random place among them.
Plan laid_out(const std::vector<Action>& tasks, bool lights, Dice& dice) {
  const std::size_t lights_before = lights ? dice.below(tasks.size() + 1) : tasks.size() + 1;
  Plan plan;
  milliseconds at = kStart;
  const auto shine = [&] {
    std::size_t last = kColours.size();
    for (int i = 0; i < kLights; ++i) {
      std::size_t pick = dice.below(last < kColours.size() ? kColours.size() - 1 : kColours.size());
      if (pick >= last) ++pick;
      last = pick;
      plan.steps.push_back({Action::light, at, kLight, kColours[pick]});
      at += kLight;
    }
    at += kPause;
  };
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (i == lights_before) shine();
    const milliseconds duration{2'000 + 100 * static_cast<int>(dice.below(7))};
    plan.steps.push_back({tasks[i], at, duration, {}});
    at += duration + kPause;
  }
  if (lights_before == tasks.size()) shine();
  plan.length = at - kPause + kEnd;
  return plan;
}

}  // namespace

Plan make_plan(std::span<const std::uint8_t> entropy, const PlanOptions& options) {
  Dice dice{entropy};
  std::vector<Action> rest{Action::nod, Action::approach};
  std::vector<Action> tasks;
  const bool left = dice.below(2) == 0, blink = dice.below(2) == 0;
  tasks.push_back(left ? Action::turn_left : Action::turn_right);
  rest.push_back(left ? Action::turn_right : Action::turn_left);
  tasks.push_back(blink ? Action::blink : Action::smile);
  rest.push_back(blink ? Action::smile : Action::blink);
  for (const std::size_t wanted = options.lights ? 3 : 4; tasks.size() < wanted;) {
    const auto pick = dice.below(rest.size());
    tasks.push_back(rest[pick]);
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  shuffle(tasks, dice);
  return laid_out(tasks, options.lights, dice);
}

Plan make_follow_up(std::span<const std::uint8_t> entropy, const FollowUp& first, const PlanOptions& options) {
  Dice dice{entropy};
  std::vector<Action> rest{Action::turn_left, Action::turn_right, Action::nod, Action::blink, Action::smile, Action::approach};
  std::vector<Action> tasks;
  const auto take = [&](std::size_t pick) {
    tasks.push_back(rest[pick]);
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(pick));
  };
  if (first.missed && *first.missed != Action::light) take(static_cast<std::size_t>(std::ranges::find(rest, *first.missed) - rest.begin()));
  const bool turns = first.missed == Action::turn_left || first.missed == Action::turn_right;
  if (!first.depth_shown && !turns) take(dice.below(2));
  while (tasks.size() < 2) take(dice.below(rest.size()));
  shuffle(tasks, dice);
  return laid_out(tasks, options.lights, dice);
}

bool has_lights(const Plan& plan) noexcept { return std::ranges::find(plan.steps, Action::light, &Step::action) != plan.steps.end(); }

json::object to_json(const Plan& plan) {
  json::array steps;
  for (const auto& s : plan.steps) {
    const auto word = to_string(s.action);
    json::object step{
        {"action", json::string_view{word.data(), word.size()}}, {"at_ms", s.at.count()}, {"duration_ms", s.duration.count()}};
    if (s.action == Action::light) step["colour"] = fmt::format("#{:02x}{:02x}{:02x}", s.colour.red, s.colour.green, s.colour.blue);
    steps.push_back(std::move(step));
  }
  return {{"steps", std::move(steps)}, {"length_ms", plan.length.count()}};
}

Result<Plan> plan_from_json(const json::value& v) {
  const Error malformed{Errc::internal, "stored challenge plan is malformed"};
  const auto* steps = find(v, "steps");
  const auto length = get_number(v, "length_ms");
  if (steps == nullptr || !steps->is_array() || !length) return malformed;
  Plan plan;
  plan.length = milliseconds{static_cast<std::int64_t>(*length)};
  for (const auto& s : steps->as_array()) {
    const auto action = parse_action(get_text(s, "action").value_or(""));
    const auto at = get_number(s, "at_ms"), duration = get_number(s, "duration_ms");
    if (!action || !at || !duration) return malformed;
    Step step{*action, milliseconds{static_cast<std::int64_t>(*at)}, milliseconds{static_cast<std::int64_t>(*duration)}, {}};
    if (step.action == Action::light) {
      const auto colour = get_text(s, "colour").value_or("");
      unsigned value = 0;
      for (std::size_t i = 1; i < colour.size(); ++i) {
        const char c = colour[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return malformed;
        value = value << 4 | static_cast<unsigned>(digit);
      }
      if (colour.size() != 7 || colour[0] != '#') return malformed;
      step.colour = {static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
    }
    plan.steps.push_back(step);
  }
  return plan;
}

json::object to_json(const FollowUp& first) {
  json::object out{{"depth_shown", first.depth_shown}};
  if (first.missed) {
    const auto word = to_string(*first.missed);
    out["missed"] = json::string_view{word.data(), word.size()};
  }
  return out;
}

Result<FollowUp> follow_up_from_json(const json::value& v) {
  const auto depth = get_bool(v, "depth_shown");
  const auto word = get_text(v, "missed");
  const auto missed = word ? parse_action(*word) : std::nullopt;
  if (!depth || (word && !missed)) return Error{Errc::internal, "stored follow-up is malformed"};
  return FollowUp{missed, *depth};
}

}  // namespace authx::face::active
