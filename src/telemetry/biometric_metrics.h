#pragma once

#include "telemetry/metrics.h"

namespace authx::metrics {

Histogram biometric_duration();                                                  ///< biometric_processing_duration_seconds
Counter biometric_comparisons(std::string_view kind, std::string_view outcome);  ///< biometric_comparisons_total

}  // namespace authx::metrics
