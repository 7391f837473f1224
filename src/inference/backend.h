#pragma once

#include <memory>

#include "inference/model.h"

namespace authx::inference {

class Variant;

/// A run's buffers. `release` gives it back to the variant it came from.
class Request : public Run::Impl {
 public:
  void release() noexcept final;
  Variant* owner = nullptr;
};

/// A model compiled for one input size, with a pool of idle requests.
class Variant {
 public:
  virtual ~Variant() = default;
  Result<Run> take();
  void give_back(Request* request) noexcept;

 protected:
  virtual Result<std::unique_ptr<Request>> create() = 0;
  /// Idle requests must go before what a derived class keeps for them.
  void drop_idle() noexcept { idle_.clear(); }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Request>> idle_;
};

/// `onnx` has fixed input extents.
Result<std::unique_ptr<Variant>> compile_openvino(BytesView onnx, const Contract& contract, const Shape& input, int threads);
Result<std::unique_ptr<Variant>> compile_opencv(BytesView onnx, const Contract& contract, const Shape& input, int threads);

inline std::size_t elements(const Shape& shape) noexcept {
  std::size_t n = 1;
  for (const auto extent : shape) n *= static_cast<std::size_t>(extent);
  return n;
}

}  // namespace authx::inference
