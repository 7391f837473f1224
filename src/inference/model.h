#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
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
  std::string role;  ///< detector | mesh | iris | embedding | liveness | liveness-wide | landmarks-2d | landmarks-3d | attributes
  std::string pack;  ///< default | open | buffalo_l
  std::string path;
  std::string sha256;   ///< lower-case hex of the file's bytes
  std::string licence;  ///< SPDX expression, or a sentence where none fits
  std::string source;   ///< where the weights come from
  bool commercial_use = true;
  Contract contract;
  /// The graph itself subtracts and scales first (`Sub` and `Mul` among its first operations), as some InsightFace
  /// exports do: then pixels go in as they are. Found on load.
  bool normalises = false;
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
  /// A batch is a shape with a larger first extent, where the contract leaves it open.
  virtual Result<Run> start(const Shape& shape = {}) const = 0;

 protected:
  explicit Model(ModelInfo info) : info_(std::move(info)) {}
  ModelInfo info_;
};

struct TensorView {
  std::span<const float> data;
  std::span<const std::int64_t> shape;
};

/// The models that a process has loaded. Engines that share a cache share compiled models: a second engine of the
/// same pack (a reload, a shadow) costs neither time nor memory. A model goes with its last user. Thread-safe.
class ModelCache {
 public:
  /// As Model::load, or the model that is loaded already from a file of the same contents (its SHA-256 is checked
  /// again) for the same backend and thread count.
  Result<std::shared_ptr<const Model>> load(ModelInfo info, LoadOptions options = {});

 private:
  using Key = std::tuple<std::string, std::string, Backend, int>;
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<const Model>> loaded_;
};

/// One inference: write `input()`, `execute()`, read `output(i)` in place (no copies). Belongs to one
/// thread; its buffers go back to the pool when it is destroyed, so views must not outlive it.
/// `begin()` and `finish()` split `execute()`: between them the caller does other work and touches neither input nor
/// output. OpenVINO runs it on one of its own threads (as many as cores, for all models together); OpenCV runs it
/// within `begin()`.
class Run {
 public:
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual std::span<float> input() = 0;
    virtual Result<> execute() = 0;
    virtual Result<> begin() { return execute(); }
    virtual Result<> finish() { return {}; }
    virtual std::size_t outputs() const = 0;
    virtual TensorView output(std::size_t index) const = 0;
    virtual void release() noexcept = 0;  ///< back to the pool; called once
  };

  explicit Run(Impl* impl) noexcept : impl_(impl) {}
  Run(Run&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)), begun_(std::exchange(other.begun_, false)) {}
  Run& operator=(Run&& other) noexcept {
    std::swap(impl_, other.impl_);
    std::swap(begun_, other.begun_);
    return *this;
  }
  ~Run() {
    if (begun_) static_cast<void>(impl_->finish());  // its buffers are in use until then
    if (impl_) impl_->release();
  }

  std::span<float> input() { return impl_->input(); }
  Result<> execute() { return impl_->execute(); }
  Result<> begin() {
    auto begun = impl_->begin();
    begun_ = begun.has_value();
    return begun;
  }
  Result<> finish() {
    begun_ = false;
    return impl_->finish();
  }
  std::size_t outputs() const { return impl_->outputs(); }
  /// In the order of the contract.
  TensorView output(std::size_t index) const { return impl_->output(index); }

 private:
  Impl* impl_;
  bool begun_ = false;
};

}  // namespace authx::inference
