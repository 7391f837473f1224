#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace authx::inference {

/// Extents of a tensor, outermost first; -1 where the model leaves an extent open.
using Shape = std::vector<std::int64_t>;

struct TensorSpec {
  std::string name;
  Shape shape;
  bool operator==(const TensorSpec&) const = default;
};

/// What goes in and what comes out: one float input, any number of float outputs.
struct Contract {
  TensorSpec input;
  std::vector<TensorSpec> outputs;
  bool operator==(const Contract&) const = default;
};

/// One model file and where it comes from. `id` names the weights, not the file: it carries the first
/// eight hex digits of the SHA-256, so that two versions of a model never share an id.
struct ModelInfo {
  std::string id;    ///< e.g. "dlib-resnet34@1a2b3c4d"
  std::string role;  ///< detector | mesh | iris | embedding | liveness | landmarks
  std::string pack;  ///< default | open | buffalo_l
  std::string path;
  std::string sha256;   ///< lower-case hex of the file's bytes
  std::string licence;  ///< SPDX expression, or a sentence where none fits
  std::string source;   ///< where the weights come from
  bool commercial_use = true;
  Contract contract;
};

enum class Backend { openvino, opencv };
std::string_view to_string(Backend backend) noexcept;

struct LoadOptions {
  std::optional<Backend> backend;  ///< unset: OpenVINO where it is installed, else OpenCV DNN
  int threads = 1;                 ///< threads of one run; parallelism comes from the callers' pool
};

/// Whether OpenVINO's runtime can be loaded by this process (loads it on the first call, never before).
bool openvino_available();
/// "2026.2.1", or empty when it is not available.
std::string openvino_version();

class Run;

/// A loaded model: immutable, shared by all threads; weights are held once for each input size in use.
/// `start` hands out a request from a pool, so that any number of threads run at the same time.
class Model {
 public:
  /// Reads `info.path`, refuses it when its SHA-256 differs from `info.sha256` (empty: not checked), when
  /// it is no ONNX file, or when its inputs and outputs break `info.contract` (empty: not checked), then
  /// runs it once on zeros and refuses it when a value is not finite.
  /// Errors: not_found, validation (altered or malformed; says what), capability_unavailable (backend).
  static Result<std::shared_ptr<const Model>> load(ModelInfo info, LoadOptions options = {});
  /// The same from bytes in memory; `info.path` is only used in error texts.
  static Result<std::shared_ptr<const Model>> from_bytes(ModelInfo info, BytesView onnx, LoadOptions options = {});

  virtual ~Model() = default;

  const ModelInfo& info() const noexcept { return info_; }
  virtual Backend backend() const noexcept = 0;

  /// A request for inputs of `shape`; required when the contract leaves extents open, else may be empty.
  /// The first use of a new size compiles for it (tens of milliseconds), later ones are free; at most 16
  /// sizes a model. Errors: validation (shape against contract), internal (runtime).
  virtual Result<Run> start(const Shape& shape = {}) const = 0;

 protected:
  explicit Model(ModelInfo info) : info_(std::move(info)) {}
  ModelInfo info_;
};

struct TensorView {
  std::span<const float> data;
  std::span<const std::int64_t> shape;
};

/// One inference: write `input()`, `execute()`, read `output(i)` in place (no copies). Belongs to one
/// thread; its buffers go back to the pool when it is destroyed, so views must not outlive it.
class Run {
 public:
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual std::span<float> input() = 0;
    virtual Result<> execute() = 0;
    virtual std::size_t outputs() const = 0;
    virtual TensorView output(std::size_t index) const = 0;
    virtual void release() noexcept = 0;  ///< back to the pool; called once
  };

  explicit Run(Impl* impl) noexcept : impl_(impl) {}
  Run(Run&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  Run& operator=(Run&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  ~Run() {
    if (impl_) impl_->release();
  }

  std::span<float> input() { return impl_->input(); }
  Result<> execute() { return impl_->execute(); }
  std::size_t outputs() const { return impl_->outputs(); }
  /// In the order of the contract.
  TensorView output(std::size_t index) const { return impl_->output(index); }

 private:
  Impl* impl_;
};

}  // namespace authx::inference
