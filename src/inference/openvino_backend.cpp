#include "inference/backend.h"

#if __has_include(<openvino/c/openvino.h>)

#include <dlfcn.h>
#include <openvino/c/openvino.h>

#include <openvino/core/version.hpp>

// The runtime (80 MB of libraries) is opened with the first model and never linked: a process without the face
// service neither maps nor needs it, and where it is missing OpenCV DNN takes over.

namespace authx::inference {
namespace {

struct Api {
  decltype(&::ov_get_openvino_version) get_version = nullptr;
  decltype(&::ov_version_free) version_free = nullptr;
  decltype(&::ov_get_last_err_msg) last_error = nullptr;
  decltype(&::ov_free) free_text = nullptr;
  decltype(&::ov_core_create) core_create = nullptr;
  decltype(&::ov_core_read_model_from_memory_buffer) read_model = nullptr;
  decltype(&::ov_core_compile_model) compile = nullptr;
  decltype(&::ov_model_free) model_free = nullptr;
  decltype(&::ov_compiled_model_outputs_size) outputs_size = nullptr;
  decltype(&::ov_compiled_model_create_infer_request) create_request = nullptr;
  decltype(&::ov_compiled_model_free) compiled_free = nullptr;
  decltype(&::ov_infer_request_get_input_tensor_by_index) input_tensor = nullptr;
  decltype(&::ov_infer_request_get_output_tensor_by_index) output_tensor = nullptr;
  decltype(&::ov_infer_request_infer) infer = nullptr;
  decltype(&::ov_infer_request_start_async) start_async = nullptr;
  decltype(&::ov_infer_request_wait) wait = nullptr;
  decltype(&::ov_infer_request_free) request_free = nullptr;
  decltype(&::ov_tensor_data) tensor_data = nullptr;
  decltype(&::ov_tensor_get_size) tensor_size = nullptr;
  decltype(&::ov_tensor_get_shape) tensor_shape = nullptr;
  decltype(&::ov_tensor_get_element_type) tensor_type = nullptr;
  decltype(&::ov_tensor_free) tensor_free = nullptr;
  decltype(&::ov_shape_free) shape_free = nullptr;

  ov_core_t* core = nullptr;
  std::string version;
  std::string failure;

  Api() {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    failure = "OpenVINO's TBB opens a library with RTLD_DEEPBIND, which sanitizers refuse";
    return;
#endif
    // The wheel's suffix drops the century: 2026.2.1 is .so.2621. Its folder is in the executable's run path.
    const std::string name =
        fmt::format("libopenvino_c.so.{}{}{}", OPENVINO_VERSION_MAJOR % 100, OPENVINO_VERSION_MINOR, OPENVINO_VERSION_PATCH);
    void* library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      failure = ::dlerror();
      return;
    }
    const auto bind = [&](auto& function, const char* symbol) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, symbol));
      if (!function && failure.empty()) failure = fmt::format("{} lacks {}", name, symbol);
    };
    bind(get_version, "ov_get_openvino_version");
    bind(version_free, "ov_version_free");
    bind(last_error, "ov_get_last_err_msg");
    bind(free_text, "ov_free");
    bind(core_create, "ov_core_create");
    bind(read_model, "ov_core_read_model_from_memory_buffer");
    bind(compile, "ov_core_compile_model");
    bind(model_free, "ov_model_free");
    bind(outputs_size, "ov_compiled_model_outputs_size");
    bind(create_request, "ov_compiled_model_create_infer_request");
    bind(compiled_free, "ov_compiled_model_free");
    bind(input_tensor, "ov_infer_request_get_input_tensor_by_index");
    bind(output_tensor, "ov_infer_request_get_output_tensor_by_index");
    bind(infer, "ov_infer_request_infer");
    bind(start_async, "ov_infer_request_start_async");
    bind(wait, "ov_infer_request_wait");
    bind(request_free, "ov_infer_request_free");
    bind(tensor_data, "ov_tensor_data");
    bind(tensor_size, "ov_tensor_get_size");
    bind(tensor_shape, "ov_tensor_get_shape");
    bind(tensor_type, "ov_tensor_get_element_type");
    bind(tensor_free, "ov_tensor_free");
    bind(shape_free, "ov_shape_free");
    if (!failure.empty()) return;
    ov_version_t found{};
    if (get_version(&found) == 0) {
      version = found.buildNumber ? found.buildNumber : "";
      version = version.substr(0, version.find('-'));
      version_free(&found);
    }
    if (core_create(&core) != 0) failure = "OpenVINO does not start: " + message();
  }

  std::string message() const {
    const char* raw = last_error();
    std::string text = raw ? raw : "unknown error";
    if (raw) free_text(raw);
    return text;
  }
};

/// One core for the life of the process: plugins own threads that must not end during static destruction.
const Api& api() {
  static const Api* const instance = new Api;
  return *instance;
}

class OpenvinoRequest final : public Request {
 public:
  OpenvinoRequest() = default;
  ~OpenvinoRequest() override {
    for (ov_tensor_t* tensor : tensors_) api().tensor_free(tensor);
    if (request_) api().request_free(request_);
  }

  Result<> open(const ov_compiled_model_t* compiled, std::size_t outputs, std::size_t input_elements) {
    if (api().create_request(compiled, &request_) != 0) return Error{Errc::internal, "OpenVINO: " + api().message()};
    AX_TRY(const View in, view(&Api::input_tensor, 0));
    if (in.data.size() != input_elements) return Error{Errc::internal, "OpenVINO: unexpected input size"};
    input_ = in.data;
    for (std::size_t i = 0; i < outputs; ++i) {
      AX_TRY(View out, view(&Api::output_tensor, i));
      outputs_.push_back(std::move(out));
    }
    return {};
  }

  std::span<float> input() override { return input_; }
  Result<> execute() override {
    if (api().infer(request_) != 0) return Error{Errc::internal, "OpenVINO: " + api().message()};
    return {};
  }
  Result<> begin() override {
    if (api().start_async(request_) != 0) return Error{Errc::internal, "OpenVINO: " + api().message()};
    return {};
  }
  Result<> finish() override {
    if (api().wait(request_) != 0) return Error{Errc::internal, "OpenVINO: " + api().message()};
    return {};
  }
  std::size_t outputs() const override { return outputs_.size(); }
  TensorView output(std::size_t i) const override { return {outputs_[i].data, outputs_[i].shape}; }

 private:
  struct View {
    std::span<float> data;
    Shape shape;
  };

  template <class Getter>
  Result<View> view(Getter getter, std::size_t index) {
    ov_tensor_t* tensor = nullptr;
    if ((api().*getter)(request_, index, &tensor) != 0) return Error{Errc::internal, "OpenVINO: " + api().message()};
    tensors_.push_back(tensor);
    void* data = nullptr;
    std::size_t size = 0;
    ov_shape_t shape{};
    ov_element_type_e type{};
    if (api().tensor_type(tensor, &type) != 0 || type != F32 || api().tensor_data(tensor, &data) != 0 ||
        api().tensor_size(tensor, &size) != 0 || api().tensor_shape(tensor, &shape) != 0) {
      return Error{Errc::internal, "OpenVINO: tensors of other kinds than float"};
    }
    View v{{static_cast<float*>(data), size}, {shape.dims, shape.dims + shape.rank}};
    api().shape_free(&shape);
    return v;
  }

  ov_infer_request_t* request_ = nullptr;
  std::vector<ov_tensor_t*> tensors_;
  std::span<float> input_;
  std::vector<View> outputs_;
};

class OpenvinoVariant final : public Variant {
 public:
  OpenvinoVariant(ov_compiled_model_t* compiled, std::size_t outputs, std::size_t input_elements)
      : compiled_(compiled), outputs_(outputs), input_elements_(input_elements) {}
  ~OpenvinoVariant() override {
    drop_idle();
    api().compiled_free(compiled_);
  }

  Result<std::unique_ptr<Request>> create() override {
    auto request = std::make_unique<OpenvinoRequest>();
    AX_CHECK(request->open(compiled_, outputs_, input_elements_));
    return request;
  }

 private:
  ov_compiled_model_t* compiled_;
  std::size_t outputs_;
  std::size_t input_elements_;
};

}  // namespace

bool openvino_available() { return api().failure.empty(); }
std::string openvino_version() { return api().version; }

Result<std::unique_ptr<Variant>> compile_openvino(BytesView onnx, const Contract& contract, const Shape& input, int threads) {
  const Api& ov = api();
  if (!ov.failure.empty()) return Error{Errc::capability_unavailable, ov.failure};
  ov_model_t* model = nullptr;
  if (ov.read_model(ov.core, reinterpret_cast<const char*>(onnx.data()), onnx.size(), nullptr, &model) != 0) {
    return Error::invalid("model", "OpenVINO cannot read it: " + ov.message());
  }
  // `infer` works on the calling thread, but runs that share a stream wait for one another: one stream a core, each
  // of `threads` threads; INFERENCE_NUM_THREADS is the sum over streams.
  const unsigned streams = std::max(1u, std::thread::hardware_concurrency() / static_cast<unsigned>(threads));
  const std::string stream_count = std::to_string(streams);
  const std::string thread_count = std::to_string(streams * static_cast<unsigned>(threads));
  ov_compiled_model_t* compiled = nullptr;
  const auto status = ov.compile(ov.core, model, "CPU", 8, &compiled, "INFERENCE_NUM_THREADS", thread_count.c_str(), "NUM_STREAMS",
                                 stream_count.c_str(), "INFERENCE_PRECISION_HINT", "f32", "ENABLE_CPU_PINNING", "NO");
  ov.model_free(model);
  if (status != 0) return Error::invalid("model", "OpenVINO cannot compile it: " + ov.message());
  std::size_t outputs = 0;
  if (ov.outputs_size(compiled, &outputs) != 0 || outputs != contract.outputs.size()) {
    ov.compiled_free(compiled);
    return Error::invalid("model", fmt::format("gives {} outputs, not {}", outputs, contract.outputs.size()));
  }
  return std::make_unique<OpenvinoVariant>(compiled, outputs, elements(input));
}

}  // namespace authx::inference

#else

namespace authx::inference {

bool openvino_available() { return false; }
std::string openvino_version() { return {}; }
Result<std::unique_ptr<Variant>> compile_openvino(BytesView, const Contract&, const Shape&, int) {
  return Error{Errc::capability_unavailable, "built without OpenVINO"};
}

}  // namespace authx::inference

#endif
