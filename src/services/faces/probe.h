#pragma once

#include "base/bytes.h"
#include "base/deadline.h"
#include "engines/face/face_engine.h"

namespace authx::faces {

inline constexpr std::chrono::seconds kAnalyseLimit{30};

/// Decodes and analyses a picture that is compared at once, large ones at a part of their size where that shows enough.
/// Errors: validation naming "face_image" when it is no picture; those of FaceEngine::analyse.
Result<face::Analysis> analyse_probe(const face::FaceEngine& engine, BytesView image, const face::AnalyseOptions& options,
                                     const Deadline& deadline);

/// The same, and an error that says what is wrong with the picture unless one usable face is seen.
Result<face::Analysis> usable_probe(const face::FaceEngine& engine, BytesView image, const face::AnalyseOptions& options,
                                    const Deadline& deadline);

Error renamed_fault(Error error, std::string_view field);

}  // namespace authx::faces
