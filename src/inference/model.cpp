#include "inference/model.h"

#include <openssl/evp.h>

#include <cmath>
#include <fstream>
#include <shared_mutex>

#include "base/encoding.h"
#include "inference/backend.h"
#include "inference/onnx.h"
#include "inference/pack.h"

namespace authx::inference {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxSizes = 16;
constexpr std::size_t kMaxInputElements = std::size_t{1} << 26;

std::string sha256_hex(BytesView bytes) {
  Bytes digest(32);
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return hex_encode(digest);
}

Result<Bytes> read_whole(const std::string& path) {
  std::ifstream in{path, std::ios::binary | std::ios::ate};
  if (!in) return Error{Errc::not_found, fmt::format("model file {} cannot be opened", path)};
  const auto size = in.tellg();
  if (size < 0 || static_cast<std::size_t>(size) > kMaxFileBytes) {
    return Error{Errc::validation, fmt::format("model file {} is not a regular file of at most 1 GiB", path)};
  }
  Bytes bytes(static_cast<std::size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!in) return Error{Errc::not_found, fmt::format("model file {} cannot be read", path)};
  return bytes;
}

std::string to_text(const Shape& shape) {
  std::string out;
  for (const auto extent : shape) out += (out.empty() ? "" : "x") + (extent < 0 ? std::string{"?"} : std::to_string(extent));
  return "[" + out + "]";
}

bool fits(const Shape& wanted, const Shape& given) {
  if (wanted.empty() || given.empty()) return true;  // one of them leaves it open
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] >= 0 && given[i] >= 0 && wanted[i] != given[i]) return false;
  }
  return true;
}

/// What the contract asks and the file does not give, or empty.
std::string mismatch(const Contract& wanted, const Contract& given) {
  if (!wanted.input.name.empty() && wanted.input.name != given.input.name) {
    return fmt::format("input is named {}, not {}", given.input.name, wanted.input.name);
  }
  if (!fits(wanted.input.shape, given.input.shape)) {
    return fmt::format("input is {}, not {}", to_text(given.input.shape), to_text(wanted.input.shape));
  }
  if (wanted.outputs.empty()) return {};
  if (wanted.outputs.size() != given.outputs.size()) {
    return fmt::format("has {} outputs, not {}", given.outputs.size(), wanted.outputs.size());
  }
  for (std::size_t i = 0; i < wanted.outputs.size(); ++i) {
    const auto &w = wanted.outputs[i], &g = given.outputs[i];
    if (!w.name.empty() && w.name != g.name) return fmt::format("output {} is named {}, not {}", i, g.name, w.name);
    if (!fits(w.shape, g.shape)) return fmt::format("output {} is {}, not {}", g.name, to_text(g.shape), to_text(w.shape));
  }
  return {};
}

/// Weights that were damaged in a way that keeps the structure show as values that are no numbers.
Result<> self_test(Variant& variant) {
  AX_TRY(Run run, variant.take());
  std::ranges::fill(run.input(), 0.0f);
  AX_CHECK(run.execute());
  for (std::size_t i = 0; i < run.outputs(); ++i) {
    for (const float value : run.output(i).data) {
      if (!std::isfinite(value)) return Error::invalid("model", "gives values that are no numbers");
    }
  }
  return {};
}

Error named(Error error, const ModelInfo& info) {
  if (error.detail.starts_with("model " + info.id)) return error;
  for (auto& fault : error.faults) error.detail += fmt::format("{}{}", error.detail.empty() ? "" : "; ", fault.reason);
  error.detail = fmt::format("model {} ({}): {}", info.id, info.path, error.detail);
  return error;
}

class LoadedModel final : public Model {
 public:
  LoadedModel(ModelInfo info, Bytes onnx, Contract file, Backend backend, int threads)
      : Model(std::move(info)), onnx_(std::move(onnx)), file_(std::move(file)), backend_(backend), threads_(threads) {}

  Backend backend() const noexcept override { return backend_; }

  Result<Run> start(const Shape& wanted) const override {
    const Shape& shape = wanted.empty() ? info_.contract.input.shape : wanted;
    {
      std::shared_lock lock{mutex_};
      if (const auto it = variants_.find(shape); it != variants_.end()) return it->second->take();
    }
    if (shape.size() != info_.contract.input.shape.size() || !fits(info_.contract.input.shape, shape) ||
        std::ranges::any_of(shape, [](auto extent) { return extent <= 0; }) || elements(shape) > kMaxInputElements) {
      return Error{Errc::validation,
                   fmt::format("{}: input {} does not fit {}", info_.id, to_text(shape), to_text(info_.contract.input.shape))};
    }
    std::unique_lock lock{mutex_};
    if (const auto it = variants_.find(shape); it != variants_.end()) return it->second->take();
    if (variants_.size() >= kMaxSizes) return Error{Errc::internal, info_.id + ": too many input sizes in use"};
    auto variant = compile(shape);
    if (!variant) return named(std::move(variant).error(), info_);
    if (auto sound = self_test(**variant); !sound) return named(std::move(sound).error(), info_);
    auto& kept = variants_[shape] = *std::move(variant);
    return kept->take();
  }

  /// For a model of one size: compiled now, and the file's bytes are let go.
  Result<> compile_fixed() {
    AX_CHECK(start({}));
    Bytes{}.swap(onnx_);
    return {};
  }

 private:
  Result<std::unique_ptr<Variant>> compile(const Shape& shape) const {
    const auto build = backend_ == Backend::openvino ? &compile_openvino : &compile_opencv;
    if (shape == file_.input.shape) return build(onnx_, info_.contract, shape, threads_);
    AX_TRY(const Bytes fixed, onnx::with_input_shape(onnx_, shape));
    return build(fixed, info_.contract, shape, threads_);
  }

  Bytes onnx_;
  Contract file_;
  Backend backend_;
  int threads_;
  mutable std::shared_mutex mutex_;
  mutable std::map<Shape, std::unique_ptr<Variant>> variants_;
};

Result<std::shared_ptr<const Model>> build(ModelInfo info, Bytes onnx, LoadOptions options) {
  if (!info.sha256.empty()) {
    if (const std::string actual = sha256_hex(onnx); actual != info.sha256) {
      return Error::invalid("model", fmt::format("is altered: SHA-256 is {}, not {}", actual, info.sha256));
    }
  } else {
    info.sha256 = sha256_hex(onnx);
  }
  AX_TRY(Contract file, onnx::inspect(onnx));
  AX_TRY(info.normalises, onnx::normalises_input(onnx));
  if (const std::string fault = mismatch(info.contract, file); !fault.empty()) return Error::invalid("model", fault);
  if (info.contract.input.name.empty()) info.contract.input.name = file.input.name;
  if (info.contract.input.shape.empty()) info.contract.input.shape = file.input.shape;
  if (info.contract.outputs.empty()) info.contract.outputs = file.outputs;
  const Backend backend = options.backend.value_or(openvino_available() ? Backend::openvino : Backend::opencv);
  if (backend == Backend::openvino && !openvino_available()) {
    return Error{Errc::capability_unavailable, "OpenVINO is not installed"};
  }
  const bool fixed = std::ranges::all_of(info.contract.input.shape, [](auto extent) { return extent > 0; });
  auto model = std::make_shared<LoadedModel>(std::move(info), std::move(onnx), std::move(file), backend, std::max(1, options.threads));
  if (fixed) AX_CHECK(model->compile_fixed());
  return model;
}

}  // namespace

std::string_view to_string(Backend backend) noexcept { return backend == Backend::openvino ? "openvino" : "opencv"; }

Result<std::shared_ptr<const Model>> Model::from_bytes(ModelInfo info, BytesView onnx, LoadOptions options) {
  auto model = build(info, Bytes{onnx.begin(), onnx.end()}, options);
  if (!model) return named(std::move(model).error(), info);
  return model;
}

Result<std::shared_ptr<const Model>> Model::load(ModelInfo info, LoadOptions options) {
  AX_TRY(Bytes onnx, read_whole(info.path));
  auto model = build(info, std::move(onnx), options);
  if (!model) return named(std::move(model).error(), info);
  return model;
}

Result<std::shared_ptr<const Model>> ModelCache::load(ModelInfo info, LoadOptions options) {
  AX_TRY(Bytes onnx, read_whole(info.path));
  const Backend backend = options.backend.value_or(openvino_available() ? Backend::openvino : Backend::opencv);
  const Key key{sha256_hex(onnx), info.id, backend, options.threads};
  if (info.sha256.empty() || info.sha256 == std::get<0>(key)) {
    std::lock_guard lock{mutex_};
    if (auto known = loaded_[key].lock(); known && known->info().path == info.path) return known;
  }
  auto model = build(info, std::move(onnx), options);
  if (!model) return named(std::move(model).error(), info);
  std::lock_guard lock{mutex_};
  std::erase_if(loaded_, [](const auto& entry) { return entry.second.expired(); });
  loaded_[key] = *model;
  return model;
}

void Request::release() noexcept { owner->give_back(this); }

Result<Run> Variant::take() {
  {
    std::lock_guard lock{mutex_};
    if (!idle_.empty()) {
      Request* request = idle_.back().release();
      idle_.pop_back();
      return Run{request};
    }
  }
  AX_TRY(auto request, create());
  request->owner = this;
  return Run{request.release()};
}

void Variant::give_back(Request* request) noexcept {
  std::unique_ptr<Request> kept{request};
  std::lock_guard lock{mutex_};
  try {
    idle_.push_back(std::move(kept));
  } catch (const std::bad_alloc&) {  // then the request is freed
  }
}

Result<std::string> file_sha256(const std::string& path) {
  AX_TRY(const Bytes bytes, read_whole(path));
  return sha256_hex(bytes);
}

}  // namespace authx::inference
