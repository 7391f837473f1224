#include "services/biometrics/modality.h"

#include <algorithm>
#include <array>

namespace authx::biometrics {

std::span<const Modality* const> modalities() {
  static const std::array all{&fingerprint_modality(), &iris_modality()};
  return all;
}

const Modality* find_modality(std::string_view name) {
  const auto all = modalities();
  const auto found = std::ranges::find_if(all, [&](const Modality* m) { return m->name() == name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace authx::biometrics
