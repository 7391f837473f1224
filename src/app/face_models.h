#pragma once

#include <string>
#include <vector>

#include "inference/pack.h"

namespace authx::app {

/// Where the prepared default pack lies: $AUTHX_MODELS_DIR, .deps/models of the working folder, or that of any folder
/// above the executable (a build tree). Empty when none exists.
std::string models_folder();

/// The pack of `path` (the specification's FACE_MODEL_PATH), completed by the default pack's mesh; the default pack
/// when `path` is empty. Errors: not_found, validation; capability_unavailable when the default pack is not prepared.
Result<inference::Pack> find_face_models(const std::string& path);

}  // namespace authx::app
