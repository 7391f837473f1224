#include "engines/face/engine_slot.h"

namespace authx::face {

std::shared_ptr<const FaceEngine> EngineSlot::get() const noexcept {
  std::lock_guard lock{mutex_};
  return engine_;
}

Result<std::shared_ptr<const FaceEngine>> EngineSlot::load(const inference::Pack& pack, EngineOptions options) {
  options.cache = cache_;
  AX_TRY(auto fresh, FaceEngine::create(pack, std::move(options)));
  std::shared_ptr<const FaceEngine> old;  // destroyed outside the lock
  {
    std::lock_guard lock{mutex_};
    old = std::exchange(engine_, fresh);
  }
  return fresh;
}

}  // namespace authx::face
