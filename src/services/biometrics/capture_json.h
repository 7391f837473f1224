#pragma once

#include <span>
#include <string>
#include <string_view>

#include "services/biometrics/biometrics_service.h"

namespace authx::biometrics {

std::string to_json(const CaptureOptions& options);
Result<CaptureOptions> options_from_json(std::string_view text);

/// What the API shows as template_data: model, outcome, and of each sample position, quality, measures and reasons.
json::object describe(const Modality& modality, std::span<const Sample> samples, std::string_view outcome, std::span<const Reason> reasons);

}  // namespace authx::biometrics
