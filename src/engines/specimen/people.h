#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace authx::specimen {

/// Reproducible draws that don't depend on the standard library's distributions.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15ULL + 0x1234567) {}
  std::uint64_t raw() { return engine_(); }
  int between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }  ///< both included
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  double range(double low, double high) { return low + (high - low) * unit(); }
  bool chance(double p) { return unit() < p; }
  template <class T, std::size_t N>
  const T& pick(const T (&items)[N]) {
    return items[engine_() % N];
  }
  std::string digits(int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += static_cast<char>('0' + between(0, 9));
    return out;
  }
  char letter() { return static_cast<char>('A' + between(0, 25)); }

 private:
  std::mt19937_64 engine_;
};

struct Person {
  std::string given;
  std::string surname;
  std::string name_local;  ///< Devanagari; empty for a foreigner
  std::string father;
  bool male = true;
  std::string issuer;  ///< ISO 3166-1 alpha-3 (or D)
  std::string birth_place;
  std::string full() const { return surname.empty() ? given : given.empty() ? surname : given + " " + surname; }
};

Person random_indian(Dice& dice);
Person random_foreigner(Dice& dice);
std::string random_address(Dice& dice);  ///< one line, ends with state and postal code
std::string_view random_state_code(Dice& dice);
Date random_date(Dice& dice, Date from, Date to);

}  // namespace authx::specimen
