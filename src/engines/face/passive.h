#pragma once

#include <memory>
#include <vector>

#include <opencv2/core/mat.hpp>

#include "base/result.h"
#include "engines/face/types.h"
#include "inference/model.h"

namespace authx::face {

/// MiniFASNet V2 and V1SE on the face with 2.7 and 4.0 times its box around it: mean share of "live", its log-odds halved
/// and capped at 20:1, because the raw share is far too sure of itself (on development photos half of the attacks passed
/// at 0.5; AUC 0.82). Errors: internal.
Result<double> passive_score(const inference::Model& near, const inference::Model& wide, const cv::Mat& bgr, const Box& face);

/// Cues of a recaptured picture that need no training: isolated peaks in the spectrum (moiré of a screen's or a print's
/// raster), little colour, and a face that fills more or less of the frame than a self-portrait does.
std::vector<Liveness::Cue> recapture_cues(const cv::Mat& bgr, const Box& face);

}  // namespace authx::face
