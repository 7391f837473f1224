#include "inference/onnx.h"

#include <set>

namespace authx::inference::onnx {
namespace {

constexpr std::uint64_t kMaxRank = 8;
constexpr std::int64_t kMaxExtent = 1 << 24;
constexpr int kFloat = 1;

Error broken(std::string reason) { return Error::invalid("model", std::move(reason)); }

/// One field of a protobuf message: a varint, or the bytes of a longer one.
struct Field {
  std::uint32_t number = 0;
  std::uint32_t wire = 0;
  std::uint64_t value = 0;
  BytesView bytes;
  BytesView raw;  ///< tag and all
};

class Reader {
 public:
  explicit Reader(BytesView data) : data_(data) {}
  bool done() const { return at_ == data_.size(); }

  Result<Field> next() {
    const std::size_t start = at_;
    AX_TRY(const std::uint64_t tag, varint());
    Field f;
    f.number = static_cast<std::uint32_t>(tag >> 3);
    f.wire = static_cast<std::uint32_t>(tag & 7);
    if (f.number == 0 || tag >> 32 != 0) return broken("is no ONNX file");
    std::uint64_t length = 0;
    switch (f.wire) {
      case 0: {
        AX_TRY(f.value, varint());
        break;
      }
      case 1: length = 8; break;
      case 5: length = 4; break;
      case 2: {
        AX_TRY(length, varint());
        break;
      }
      default: return broken("is no ONNX file");
    }
    if (length > data_.size() - at_) return broken("ends early");
    f.bytes = data_.subspan(at_, length);
    at_ += length;
    f.raw = data_.subspan(start, at_ - start);
    return f;
  }

 private:
  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == data_.size()) return broken("ends early");
      const std::uint8_t byte = data_[at_++];
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (!(byte & 0x80)) return value;
    }
    return broken("is no ONNX file");
  }

  BytesView data_;
  std::size_t at_ = 0;
};

template <class Visit>
Result<> each_field(BytesView message, Visit visit) {
  for (Reader reader{message}; !reader.done();) {
    AX_TRY(const Field field, reader.next());
    AX_CHECK(visit(field));
  }
  return {};
}

/// The bytes of the last sub-message `number`; empty when there is none.
Result<BytesView> child(BytesView message, std::uint32_t number) {
  BytesView found;
  AX_CHECK(each_field(message, [&](const Field& f) -> Result<> {
    if (f.number == number && f.wire == 2) found = f.bytes;
    return {};
  }));
  return found;
}

struct Value {
  TensorSpec spec;
  std::uint64_t element = 0;
};

Result<Value> read_value_info(BytesView message) {
  Value v;
  AX_TRY(const BytesView name, child(message, 1));
  AX_TRY(const BytesView type, child(message, 2));
  AX_TRY(const BytesView tensor, child(type, 1));
  v.spec.name = as_text(name);
  AX_CHECK(each_field(tensor, [&](const Field& f) -> Result<> {
    if (f.number == 1 && f.wire == 0) v.element = f.value;
    if (f.number != 2 || f.wire != 2) return {};
    return each_field(f.bytes, [&](const Field& dim) -> Result<> {
      if (dim.number != 1 || dim.wire != 2) return {};
      std::int64_t extent = -1;
      AX_CHECK(each_field(dim.bytes, [&](const Field& d) -> Result<> {
        if (d.number == 1 && d.wire == 0) extent = static_cast<std::int64_t>(d.value);
        return {};
      }));
      if (extent == 0 || extent < -1) extent = -1;
      if (extent > kMaxExtent || v.spec.shape.size() >= kMaxRank) return broken("has a tensor of unreasonable size");
      v.spec.shape.push_back(extent);
      return {};
    });
  }));
  return v;
}

struct Parsed {
  Contract contract;
  BytesView graph;
};

Result<Parsed> parse(BytesView file) {
  Parsed parsed;
  if (file.empty()) return broken("is empty");
  std::uint64_t ir_version = 0;
  bool opset = false;
  AX_CHECK(each_field(file, [&](const Field& f) -> Result<> {
    if (f.number == 1 && f.wire == 0) ir_version = f.value;
    if (f.number == 7 && f.wire == 2) parsed.graph = f.bytes;
    if (f.number == 8 && f.wire == 2) opset = true;
    return {};
  }));
  if (ir_version == 0 || !opset || parsed.graph.empty()) return broken("is no ONNX file");
  std::vector<Value> inputs, outputs;
  std::set<std::string, std::less<>> constants;
  std::size_t nodes = 0;
  AX_CHECK(each_field(parsed.graph, [&](const Field& f) -> Result<> {
    if (f.wire != 2) return {};
    if (f.number == 1) ++nodes;
    if (f.number == 5) {
      bool external = false;
      AX_CHECK(each_field(f.bytes, [&](const Field& t) -> Result<> {
        if (t.number == 8 && t.wire == 2) constants.emplace(as_text(t.bytes));
        if (t.number == 13 || (t.number == 14 && t.value == 1)) external = true;
        return {};
      }));
      if (external) return broken("keeps weights in other files");
    }
    if (f.number == 11 || f.number == 12) {
      AX_TRY(Value v, read_value_info(f.bytes));
      (f.number == 11 ? inputs : outputs).push_back(std::move(v));
    }
    return {};
  }));
  std::erase_if(inputs, [&](const Value& v) { return constants.contains(v.spec.name); });
  if (nodes == 0) return broken("has no operations");
  if (inputs.size() != 1) return broken(fmt::format("has {} inputs, not one", inputs.size()));
  if (inputs[0].element != kFloat) return broken("takes other numbers than 32-bit floats");
  if (outputs.empty()) return broken("has no outputs");
  for (const Value& v : outputs) {
    if (v.element != kFloat) return broken("gives other numbers than 32-bit floats");
    parsed.contract.outputs.push_back(v.spec);
  }
  parsed.contract.input = inputs[0].spec;
  return parsed;
}

void put_varint(Bytes& out, std::uint64_t n) {
  for (; n >= 0x80; n >>= 7) out.push_back(static_cast<std::uint8_t>(n | 0x80));
  out.push_back(static_cast<std::uint8_t>(n));
}
void put_message(Bytes& out, std::uint32_t number, BytesView body) {
  put_varint(out, (std::uint64_t{number} << 3) | 2);
  put_varint(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
}
void put_raw(Bytes& out, BytesView raw) { out.insert(out.end(), raw.begin(), raw.end()); }

/// Extents below zero are written as unknown ones.
Bytes value_info(std::string_view name, const Shape& shape) {
  Bytes dims;
  for (const std::int64_t extent : shape) {
    Bytes dim;
    if (extent >= 0) {
      dim.push_back(1 << 3);
      put_varint(dim, static_cast<std::uint64_t>(extent));
    }
    put_message(dims, 1, dim);
  }
  Bytes tensor{1 << 3, kFloat};
  if (!shape.empty()) put_message(tensor, 2, dims);
  Bytes type, out;
  put_message(type, 1, tensor);
  put_message(out, 1, as_bytes(name));
  put_message(out, 2, type);
  return out;
}

}  // namespace

Result<Contract> inspect(BytesView file) {
  AX_TRY(Parsed parsed, parse(file));
  return std::move(parsed.contract);
}

Result<bool> normalises_input(BytesView file) {
  constexpr std::size_t kFirst = 8;
  AX_TRY(const BytesView graph, child(file, 7));
  std::size_t nodes = 0;
  bool subtracts = false, scales = false;
  AX_CHECK(each_field(graph, [&](const Field& f) -> Result<> {
    if (f.number != 1 || f.wire != 2 || nodes++ >= kFirst) return {};
    AX_TRY(const BytesView name, child(f.bytes, 4));
    subtracts = subtracts || as_text(name) == "Sub";
    scales = scales || as_text(name) == "Mul";
    return {};
  }));
  return subtracts && scales;
}

Result<Bytes> with_input_shape(BytesView file, const Shape& shape) {
  AX_TRY(const Parsed parsed, parse(file));
  if (shape.size() != parsed.contract.input.shape.size()) return broken("has an input of another rank");
  Bytes graph;
  graph.reserve(parsed.graph.size() + 64);
  AX_CHECK(each_field(parsed.graph, [&](const Field& f) -> Result<> {
    if (f.wire == 2 && (f.number == 11 || f.number == 12)) {
      AX_TRY(const Value v, read_value_info(f.bytes));
      if (f.number == 12) {
        // OpenCV insists on a rank; the extents follow from the input.
        put_message(graph, 12, value_info(v.spec.name, Shape(v.spec.shape.size(), -1)));
        return {};
      }
      if (v.spec.name == parsed.contract.input.name) {
        put_message(graph, 11, value_info(v.spec.name, shape));
        return {};
      }
    }
    if (f.number != 13) put_raw(graph, f.raw);  // 13: shapes of inner values, which no longer hold
    return {};
  }));
  Bytes out;
  out.reserve(file.size() + 64);
  AX_CHECK(each_field(file, [&](const Field& f) -> Result<> {
    if (f.number == 7 && f.wire == 2) {
      put_message(out, 7, graph);
    } else {
      put_raw(out, f.raw);
    }
    return {};
  }));
  return out;
}

}  // namespace authx::inference::onnx
