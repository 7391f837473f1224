#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inference/model.h"

namespace authx::inference {

/// The face models found in one folder.
struct Pack {
  std::string name;  ///< default | open | buffalo_l
  std::string folder;
  std::string notice;  ///< what a user must be told, e.g. a non-commercial licence; else empty
  std::vector<ModelInfo> models;
  /// Text of `calibration.json` in the folder, as `authx lab face --calibrate FILE` writes it; empty when there is none.
  /// It is how an embedding without built-in thresholds (buffalo_l) gets its own.
  std::string calibration;

  const ModelInfo* find(std::string_view role) const noexcept;  ///< first of that role, or null
};

/// Recognises a pack by what the folder holds: `manifest.json` written by tools/models (the default pack),
/// the open pack's files, or InsightFace's buffalo_l. Known files carry their pinned SHA-256. A path to a
/// file means its folder (the specification's FACE_MODEL_PATH names a file). When a folder of the open pack
/// or buffalo_l lies beside the default pack, its mesh model completes it: pass it as `complement`.
/// Errors: not_found (no such folder, or nothing known in it), validation (broken manifest, or a calibration.json above 256 KiB).
Result<Pack> find_pack(const std::string& folder, const Pack* complement = nullptr);

/// SHA-256 of a file, lower-case hex. Errors: not_found.
Result<std::string> file_sha256(const std::string& path);

}  // namespace authx::inference
