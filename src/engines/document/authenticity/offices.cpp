#include "engines/document/authenticity/offices.h"

namespace authx::document::authenticity {
namespace {

struct State {
  std::string_view code;
  Offices offices;
};

// The registration marks that states have assigned to their transport offices, rounded up where a state is still assigning.
constexpr State kStates[] = {
    {"AN", {1, 3}},  {"AP", {1, 40}}, {"AR", {1, 30}}, {"AS", {1, 36}}, {"BR", {1, 60}}, {"CG", {1, 35}}, {"CH", {1, 4}},  {"DD", {1, 9}},
    {"DL", {1, 18}}, {"DN", {1, 9}},  {"GA", {1, 14}}, {"GJ", {1, 40}}, {"HP", {1, 99}}, {"HR", {1, 99}}, {"JH", {1, 26}}, {"JK", {1, 24}},
    {"KA", {1, 75}}, {"KL", {1, 99}}, {"LA", {1, 3}},  {"LD", {1, 9}},  {"MH", {1, 60}}, {"ML", {1, 16}}, {"MN", {1, 9}},  {"MP", {1, 75}},
    {"MZ", {1, 12}}, {"NL", {1, 12}}, {"OD", {1, 38}}, {"OR", {1, 38}}, {"PB", {1, 99}}, {"PY", {1, 6}},  {"RJ", {1, 65}}, {"SK", {1, 10}},
    {"TG", {1, 40}}, {"TN", {1, 99}}, {"TR", {1, 10}}, {"TS", {1, 40}}, {"UA", {1, 22}}, {"UK", {1, 22}}, {"UP", {1, 99}}, {"WB", {1, 99}},
};

}  // namespace

Offices offices_of(std::string_view state) noexcept {
  for (const auto& s : kStates) {
    if (s.code == state) return s.offices;
  }
  return {};
}

}  // namespace authx::document::authenticity
