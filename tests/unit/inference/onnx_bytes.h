#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace authx::test {

/// Just enough of protobuf to write a small ONNX model: y = Relu(Conv1x1(x)), 3 channels to 2.
struct TinyModel {
  std::vector<std::int64_t> input{1, 3, 8, 8};  ///< -1: an open extent
  std::vector<float> weights{0.5f, -1.0f, 2.0f, 1.5f, 0.25f, -0.75f};
  std::vector<float> bias{0.1f, -0.2f};
  bool external = false;  ///< claim that the weights lie in another file

  Bytes bytes() const {
    Bytes graph;
    message(graph, 1, node("Conv", {"x", "w", "b"}, "c"));
    message(graph, 1, node("Relu", {"c"}, "y"));
    message(graph, 2, as_bytes("tiny"));
    message(graph, 5, tensor("w", {2, 3, 1, 1}, weights));
    message(graph, 5, tensor("b", {2}, bias));
    message(graph, 11, value("x", input));
    message(graph, 12, value("y", {1, 2, input[2], input[3]}));
    Bytes model, opset;
    varint(model, 1, 5);
    message(model, 7, graph);
    message(opset, 1, {});
    varint(opset, 2, 10);
    message(model, 8, opset);
    return model;
  }

 private:
  static void raw(Bytes& out, std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) out.push_back(static_cast<std::uint8_t>(n | 0x80));
    out.push_back(static_cast<std::uint8_t>(n));
  }
  static void varint(Bytes& out, unsigned field, std::uint64_t n) {
    raw(out, field << 3);
    raw(out, n);
  }
  static void message(Bytes& out, unsigned field, BytesView body) {
    raw(out, field << 3 | 2);
    raw(out, body.size());
    out.insert(out.end(), body.begin(), body.end());
  }
  static Bytes node(std::string_view op, const std::vector<std::string_view>& inputs, std::string_view output) {
    Bytes out;
    for (const auto input : inputs) message(out, 1, as_bytes(input));
    message(out, 2, as_bytes(output));
    message(out, 4, as_bytes(op));
    if (op == "Conv") {
      Bytes attribute;
      message(attribute, 1, as_bytes("kernel_shape"));
      varint(attribute, 8, 1);
      varint(attribute, 8, 1);
      varint(attribute, 20, 7);
      message(out, 5, attribute);
    }
    return out;
  }
  Bytes tensor(std::string_view name, const std::vector<std::int64_t>& dims, const std::vector<float>& values) const {
    Bytes out, data(values.size() * sizeof(float));
    std::memcpy(data.data(), values.data(), data.size());
    for (const auto d : dims) varint(out, 1, static_cast<std::uint64_t>(d));
    varint(out, 2, 1);
    message(out, 8, as_bytes(name));
    message(out, 9, data);
    if (external) varint(out, 14, 1);
    return out;
  }
  static Bytes value(std::string_view name, const std::vector<std::int64_t>& dims) {
    Bytes shape, kind, type, out;
    for (const auto d : dims) {
      Bytes dim;
      if (d > 0) varint(dim, 1, static_cast<std::uint64_t>(d));
      if (d <= 0) message(dim, 2, as_bytes("n"));
      message(shape, 1, dim);
    }
    varint(kind, 1, 1);
    message(kind, 2, shape);
    message(type, 1, kind);
    message(out, 1, as_bytes(name));
    message(out, 2, type);
    return out;
  }
};

/// Writes ONNX graphs of any signature from the few operations that tests need.
class OnnxGraph {
 public:
  using Dims = std::vector<std::int64_t>;

  OnnxGraph& input(std::string_view name, const Dims& dims) { return put(11, value(name, dims)); }
  OnnxGraph& output(std::string_view name, const Dims& dims) { return put(12, value(name, dims)); }
  OnnxGraph& floats(std::string_view name, const Dims& dims, const std::vector<float>& values) {
    return put(5, tensor(name, dims, 1, as_view(values)));
  }
  OnnxGraph& integers(std::string_view name, const std::vector<std::int64_t>& values) {
    return put(5, tensor(name, {static_cast<std::int64_t>(values.size())}, 7, as_view(values)));
  }
  /// An attribute of several values is a list, of one value a number when `scalar` names it.
  OnnxGraph& node(std::string_view op, const std::vector<std::string_view>& inputs, std::string_view output,
                  const std::vector<std::pair<std::string_view, Dims>>& lists = {},
                  const std::vector<std::pair<std::string_view, std::int64_t>>& scalars = {}) {
    Bytes body;
    for (const auto name : inputs) message(body, 1, as_bytes(name));
    message(body, 2, as_bytes(output));
    message(body, 4, as_bytes(op));
    for (const auto& [name, values] : lists) {
      Bytes attribute;
      message(attribute, 1, as_bytes(name));
      for (const auto v : values) number(attribute, 8, static_cast<std::uint64_t>(v));
      number(attribute, 20, 7);
      message(body, 5, attribute);
    }
    for (const auto& [name, v] : scalars) {
      Bytes attribute;
      message(attribute, 1, as_bytes(name));
      number(attribute, 3, static_cast<std::uint64_t>(v));
      number(attribute, 20, 2);
      message(body, 5, attribute);
    }
    return put(1, body);
  }

  Bytes bytes() const {
    Bytes graph = graph_, model, opset;
    message(graph, 2, as_bytes("graph"));
    number(model, 1, 5);
    message(model, 7, graph);
    message(opset, 1, {});
    number(opset, 2, 10);
    message(model, 8, opset);
    return model;
  }

 private:
  OnnxGraph& put(unsigned field, const Bytes& body) {
    message(graph_, field, body);
    return *this;
  }
  template <class T>
  static BytesView as_view(const std::vector<T>& values) {
    return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)};
  }
  static void raw(Bytes& out, std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) out.push_back(static_cast<std::uint8_t>(n | 0x80));
    out.push_back(static_cast<std::uint8_t>(n));
  }
  static void number(Bytes& out, unsigned field, std::uint64_t n) {
    raw(out, field << 3);
    raw(out, n);
  }
  static void message(Bytes& out, unsigned field, BytesView body) {
    raw(out, field << 3 | 2);
    raw(out, body.size());
    out.insert(out.end(), body.begin(), body.end());
  }
  static Bytes tensor(std::string_view name, const Dims& dims, unsigned kind, BytesView data) {
    Bytes out;
    for (const auto d : dims) number(out, 1, static_cast<std::uint64_t>(d));
    number(out, 2, kind);
    message(out, 8, as_bytes(name));
    message(out, 9, data);
    return out;
  }
  static Bytes value(std::string_view name, const Dims& dims) {
    Bytes shape, kind, type, out;
    for (const auto d : dims) {
      Bytes dim;
      if (d > 0) number(dim, 1, static_cast<std::uint64_t>(d));
      if (d <= 0) message(dim, 2, as_bytes("n"));
      message(shape, 1, dim);
    }
    number(kind, 1, 1);
    message(kind, 2, shape);
    message(type, 1, kind);
    message(out, 1, as_bytes(name));
    message(out, 2, type);
    return out;
  }

  Bytes graph_;
};

}  // namespace authx::test
