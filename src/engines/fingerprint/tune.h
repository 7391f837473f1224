#pragma once
#include <cstdlib>
namespace authx::fingerprint {
inline float tune_value(const char* n, float d) {
  const char* v = std::getenv(n);
  return v ? static_cast<float>(std::atof(v)) : d;
}
}  // namespace authx::fingerprint
#define TUNE(n, d)                            \
  ([]() -> float {                            \
    static const float v = tune_value(#n, d); \
    return v;                                 \
  }())
