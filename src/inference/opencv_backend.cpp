#include <opencv2/core/utility.hpp>
#include <opencv2/dnn.hpp>

#include "inference/backend.h"

namespace authx::inference {
namespace {

/// OpenCV's Net keeps activations inside, so each request owns one (weights included): this backend is a
/// fallback that favours being there over being small.
class OpencvRequest final : public Request {
 public:
  OpencvRequest(cv::dnn::Net net, std::vector<std::string> outputs, const Shape& input)
      : net_(std::move(net)), names_(std::move(outputs)), results_(names_.size()), shapes_(names_.size()) {
    const std::vector<int> dims(input.begin(), input.end());
    input_.create(static_cast<int>(dims.size()), dims.data(), CV_32F);
  }

  std::span<float> input() override { return {input_.ptr<float>(), input_.total()}; }

  Result<> execute() override {
    try {
      net_.setInput(input_);
      net_.forward(results_, names_);
    } catch (const cv::Exception& e) {
      return Error{Errc::internal, fmt::format("OpenCV DNN: {}", e.what())};
    }
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (results_[i].type() != CV_32F || !results_[i].isContinuous()) return Error{Errc::internal, "OpenCV DNN: unexpected output"};
      shapes_[i].assign(results_[i].size.p, results_[i].size.p + results_[i].dims);
    }
    return {};
  }

  std::size_t outputs() const override { return results_.size(); }
  TensorView output(std::size_t i) const override { return {{results_[i].ptr<float>(), results_[i].total()}, shapes_[i]}; }

 private:
  cv::dnn::Net net_;
  std::vector<std::string> names_;
  cv::Mat input_;
  std::vector<cv::Mat> results_;
  std::vector<Shape> shapes_;
};

class OpencvVariant final : public Variant {
 public:
  OpencvVariant(Bytes onnx, Contract contract, Shape input)
      : onnx_(std::move(onnx)), contract_(std::move(contract)), input_(std::move(input)) {}

  Result<std::unique_ptr<Request>> create() override {
    try {
      cv::dnn::Net net = cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(onnx_.data()), onnx_.size());
      if (net.empty()) return Error::invalid("model", "OpenCV DNN cannot read it");
      net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
      net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
      const std::vector<std::string> known = net.getUnconnectedOutLayersNames();
      std::vector<std::string> names;
      for (const auto& output : contract_.outputs) {
        // Imported graphs register outputs by their ONNX names; a graph that does not is taken in order.
        const bool by_name = std::ranges::find(known, output.name) != known.end();
        if (!by_name && known.size() != contract_.outputs.size()) return Error::invalid("model", "OpenCV DNN lost output " + output.name);
        names.push_back(by_name ? output.name : known[names.size()]);
      }
      return std::make_unique<OpencvRequest>(std::move(net), std::move(names), input_);
    } catch (const cv::Exception& e) {
      return Error::invalid("model", fmt::format("OpenCV DNN cannot read it: {}", e.what()));
    }
  }

 private:
  Bytes onnx_;
  Contract contract_;
  Shape input_;
};

}  // namespace

Result<std::unique_ptr<Variant>> compile_opencv(BytesView onnx, const Contract& contract, const Shape& input, int threads) {
  // OpenCV knows one thread count for the whole process; inference and imaging want the same: callers are parallel.
  if (threads == 1 && cv::getNumThreads() != 1) cv::setNumThreads(1);
  return std::make_unique<OpencvVariant>(Bytes{onnx.begin(), onnx.end()}, contract, input);
}

}  // namespace authx::inference
