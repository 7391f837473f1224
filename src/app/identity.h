#pragma once

#include "services/auth/auth_core.h"

namespace authx::app {

struct Runtime;

/// What authentication asks of identity verification.
auth::ProofCheck proof_check();
/// Compares a face with the portrait of the document that the newest approved verification stands on.
auth::FaceCheck face_check(Runtime& runtime);

}  // namespace authx::app
