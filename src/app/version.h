#pragma once

#include <string_view>

namespace authx::app {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace authx::app
