#pragma once

#include <string>

#include "app/config.h"
#include "inference/pack.h"

namespace authx::app {

/// The pack in `path`, or in the configured FACE_MODEL_PATH when it is empty, completed by the default pack's mesh; else the
/// default pack, from AUTHX_DEFAULT_MODEL_PATH or from `.deps/models/default` of the working folder or of a folder above the
/// executable (a build tree). Errors: not_found, validation; capability_unavailable when no pack is prepared.
Result<inference::Pack> find_face_models(const Config& config, const std::string& path = {});

}  // namespace authx::app
