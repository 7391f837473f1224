#pragma once

#include <string_view>

namespace authx::biometrics {

inline constexpr std::string_view kProcessJob = "biometric.process";  ///< subject: a capture
inline constexpr std::string_view kUpkeepJob = "biometric.upkeep";    ///< expiry, and what erased people left
inline constexpr std::string_view kProtectJob = "biometric.protect";  ///< protected references under renewed keys

}  // namespace authx::biometrics
