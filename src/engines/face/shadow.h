#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engines/face/face_engine.h"

namespace authx::face {

/// What a second engine said where the first one decided.
struct ShadowReport {
  std::string shadow_model;  ///< embedding's id
  bool primary_found = false, shadow_found = false;
  double primary_quality = 0, shadow_quality = 0;  ///< of the live picture
  std::optional<Comparison> primary, shadow;       ///< when a comparison was observed
  std::string error;                               ///< why the shadow said nothing; empty otherwise
};

/// Runs a candidate engine beside the one that decides, to be judged before it replaces it. It never influences an
/// answer: errors, exceptions of the callback included, end in the report or nowhere. It costs what an analysis costs,
/// on the caller's thread: call it on the CPU pool after the answer is given. Thread-safe when the callback is.
class Shadow {
 public:
  using Callback = std::function<void(const ShadowReport&)>;
  Shadow(std::shared_ptr<const FaceEngine> engine, Callback report) : engine_(std::move(engine)), report_(std::move(report)) {}

  void observe(const imaging::Image& live, const Analysis& primary, const Deadline& deadline = {}) const noexcept;
  /// A document and a live picture that the first engine compared.
  void observe(const imaging::Image& document, const imaging::Image& live, const Analysis& primary, const Comparison& decided,
               const Deadline& deadline = {}) const noexcept;

 private:
  std::shared_ptr<const FaceEngine> engine_;
  Callback report_;
};

}  // namespace authx::face
