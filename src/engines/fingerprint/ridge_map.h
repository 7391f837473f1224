#pragma once

#include <opencv2/core/mat.hpp>

#include "base/deadline.h"
#include "base/result.h"

namespace authx::fingerprint {

inline constexpr int kBlock = 8;  ///< side of the blocks of the local maps, pixels at 500 dpi

/// What an image says about its ridges. Pixel maps have the image's size padded to whole blocks; block maps have one
/// value for each kBlock x kBlock pixels. Angles are those of the ridge line in image coordinates (y downwards), 0..pi.
struct RidgeMap {
  int width = 0, height = 0;  ///< of the image at 500 dpi, before padding
  cv::Mat1b gray;             ///< padded
  cv::Mat1f normal;           ///< zero mean and unit spread locally, ridges (dark) positive
  cv::Mat1f enhanced;         ///< contextually filtered, ridges positive
  cv::Mat1f angle;            ///< blocks
  cv::Mat1f coherence;        ///< blocks, 0..1: agreement of gradient directions at the fine scale
  cv::Mat1f period;           ///< blocks, pixels from ridge to ridge
  cv::Mat1f certainty;        ///< blocks, 0..1: share of the dominant frequency in the signal across the ridges
  cv::Mat1f clarity;          ///< blocks, 0..1: share of the local variance that the filter tuned to the block explains
  cv::Mat1f spread;           ///< blocks: standard deviation of gray
  cv::Mat1b mask;             ///< blocks, 255 where ridges can be followed
  cv::Mat1b finger;           ///< blocks, 255 where the finger touches at all
};

/// Gray image at `dpi` (0: found from the ridges) to the maps at 500 dpi.
/// Local normalisation; multi-scale structure tensor in which the scale with the clearer flow prevails, so that the
/// field is smooth in noise and sharp at singular points; ridge period by the spectrum across the ridges (after Hong,
/// Wan, Jain, IEEE PAMI 20(8), 1998); Gabor filtering twice, the second time with the field measured on the first result.
/// Errors: validation (too small, no ridges), request_timeout.
Result<RidgeMap> map_ridges(const cv::Mat1b& gray, int dpi, const Deadline& deadline);

}  // namespace authx::fingerprint
