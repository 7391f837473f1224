#pragma once

#include "base/bytes.h"
#include "base/deadline.h"
#include "engines/face/active.h"
#include "engines/face/face_engine.h"
#include "imaging/video.h"

namespace authx::face::active {

/// Frames of one recording, at rest and minutes after the still: they are far more alike than captures of two days, so that a
/// stricter threshold than between captures costs nothing.
inline constexpr double kIdentityFmr = 1e-5;

/// About ten frames a second are looked at: a closed eye lasts five of them, and each costs a face analysis.
inline constexpr microseconds kSampling{95'000};

/// Measures one upright frame. `reference`: compare the face with it (a face embedding costs as much as the rest).
Result<FrameFacts> measure_frame(const FaceEngine& engine, const imaging::Image& frame, microseconds at,
                                 const Embedding* reference = nullptr, const Deadline& deadline = {});

/// When the face is to be compared: between the tasks and under the lights, when it is straight.
std::vector<microseconds> compare_times(const Plan& plan);

/// Decodes and measures a challenge's video. Frames are compared with `reference`, the face of the still capture, at rest times
/// of the plan. Errors: those of imaging::decode_video and FaceEngine::analyse; capability_unavailable when the pack has no mesh.
Result<VideoFacts> measure_video(const FaceEngine& engine, BytesView video, const Plan& plan, const Embedding& reference,
                                 const imaging::VideoLimits& limits, const Deadline& deadline);

}  // namespace authx::face::active
