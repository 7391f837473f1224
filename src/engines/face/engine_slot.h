#pragma once

#include <memory>
#include <mutex>

#include "engines/face/face_engine.h"

namespace authx::face {

/// The engine that a process serves with, replaceable while requests run: who holds the old one finishes with it, and
/// it goes when the last of them lets go. Thread-safe.
class EngineSlot {
 public:
  /// The engine in use; null until the first `load`.
  std::shared_ptr<const FaceEngine> get() const noexcept;

  /// Loads a pack (hash, contract, self-test and calibration of every model), then swaps. On any error the engine in
  /// use stays. Models that both packs share are not loaded twice. Blocking: some 100 ms. Errors: those of
  /// FaceEngine::create.
  Result<std::shared_ptr<const FaceEngine>> load(const inference::Pack& pack, EngineOptions options = {});

 private:
  std::shared_ptr<inference::ModelCache> cache_ = std::make_shared<inference::ModelCache>();
  mutable std::mutex mutex_;
  std::shared_ptr<const FaceEngine> engine_;
};

}  // namespace authx::face
