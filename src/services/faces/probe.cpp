#include "services/faces/probe.h"

#include "base/collect.h"
#include "imaging/decode.h"

namespace authx::faces {
namespace {

/// One face of a large photo is judged as well at half or a quarter of its size; a small face in it is looked at again
/// at full size.
constexpr int kEnoughSide = 640;
constexpr float kSmallEyes = 60;

}  // namespace

Error renamed_fault(Error error, std::string_view field) {
  for (auto& fault : error.faults) fault.field = field;
  error.message = "Invalid image";
  return error;
}

Result<face::Analysis> analyse_probe(const face::FaceEngine& engine, BytesView image, const face::AnalyseOptions& options,
                                     const Deadline& deadline) {
  for (const int enough : {kEnoughSide, 0}) {
    auto decoded = imaging::decode(image, {.enough_side = enough}, deadline);
    if (!decoded) return renamed_fault(std::move(decoded).error(), "face_image");
    const auto& page = decoded->pages.front();
    AX_TRY(auto analysis, engine.analyse(page, options, deadline));
    if (enough == 0 || (analysis.chosen && analysis.quality.inter_eye_px >= kSmallEyes)) return analysis;
    if (const auto file = imaging::probe(image); file && file->width == page.width && file->height == page.height) return analysis;
  }
  return Errc::internal;
}

Result<face::Analysis> usable_probe(const face::FaceEngine& engine, BytesView image, const face::AnalyseOptions& options,
                                    const Deadline& deadline) {
  AX_TRY(auto analysis, analyse_probe(engine, image, options, deadline));
  if (analysis.embedding && analysis.quality.acceptable) return analysis;
  auto faults = collect(analysis.quality.issues, [](auto issue) { return Fault{"face_image", std::string{face::advice(issue)}}; });
  if (faults.empty()) faults.push_back({"face_image", "no usable face was found"});
  Error unusable = Error::invalid(std::move(faults));
  unusable.message = "The face picture cannot be used";
  return unusable;
}

}  // namespace authx::faces
