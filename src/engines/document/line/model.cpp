#include "engines/document/line/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "base/byte_reader.h"

namespace authx::document::line {
namespace {

// Parts of the file, by their place in its table.
constexpr std::size_t kNetwork = 17;
constexpr std::size_t kWords = 19;
constexpr std::size_t kCharacters = 21;
constexpr std::size_t kCodes = 22;

constexpr std::uint32_t kOwnRates = 64;  ///< flag of a group of layers: learning rates follow
constexpr std::uint32_t kMost = 1024;    ///< of inputs, outputs, characters
constexpr std::uint8_t kWholeNumbers = 1;
constexpr std::uint8_t kDoubles = 128;

Error damaged(std::string_view what) { return Error::invalid("model", fmt::format("the line reader's {} is damaged", what)); }
Error unknown_shape(std::string_view what) {
  return Error{Errc::capability_unavailable, fmt::format("a line reader of another shape: {}", what)};
}

/// The parts of a file by their table; those that it lacks are empty.
Result<std::array<BytesView, 24>> parts_of(BytesView file) {
  LittleEndianReader in{file};
  const auto count = in.u32();
  if (in.ran_out() || count == 0 || count > 64) return damaged("table of parts");
  std::vector<std::int64_t> offsets;
  offsets.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) offsets.push_back(static_cast<std::int64_t>(in.number(8)));
  if (in.ran_out()) return damaged("table of parts");
  std::array<BytesView, 24> parts;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] < 0) continue;
    auto end = static_cast<std::int64_t>(file.size());
    for (std::size_t k = i + 1; k < offsets.size(); ++k) {
      if (offsets[k] >= 0) {
        end = offsets[k];
        break;
      }
    }
    if (offsets[i] > end || end > static_cast<std::int64_t>(file.size())) return damaged("table of parts");
    if (i < parts.size()) parts[i] = file.subspan(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(end - offsets[i]));
  }
  return parts;
}

struct Head {
  std::string type;
  std::uint32_t flags = 0;
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
};

class NetworkFile {
 public:
  explicit NetworkFile(BytesView bytes) : in_(bytes) {}

  Result<void> read(Model& out) {
    AX_TRY(const auto all, head());
    if (all.type != "Series") return unknown_shape(all.type);
    const auto count = in_.u32();
    if (count < 6 || count > 16) return unknown_shape("the number of layers");
    AX_CHECK(input());
    AX_CHECK(convolution(out.convolution));
    AX_CHECK(pooling());
    AX_TRY(auto transposed, head());
    if (transposed.type != "XYTranspose" || in_.u32() != 1) return unknown_shape(transposed.type);
    AX_TRY(out.column, memory("SummLSTM"));
    if (transposed.flags & kOwnRates) skip_numbers();
    for (std::uint32_t i = 4; i + 1 < count; ++i) {
      AX_TRY(auto row, row_memory());
      const std::size_t before = out.rows.empty() ? out.column.states : out.rows.back().states;
      if (row.inputs != before) return damaged("layers");
      out.rows.push_back(std::move(row));
    }
    AX_TRY(const auto last, head());
    if (last.type != "Softmax") return unknown_shape(last.type);
    AX_TRY(out.output, matrix());
    if (out.column.inputs != out.convolution.outputs() || out.rows.empty() || out.output.inputs() != out.rows.back().states)
      return damaged("layers");
    if (all.flags & kOwnRates) skip_numbers();
    text();  // the network's own description
    in_.u32(), in_.u32();
    // The noise is sown anew for every line from the number of samples that the network has seen.
    out.seed = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(in_.u32())} * 0x10000001);
    out.nothing = in_.u32();
    if (in_.ran_out() || out.nothing >= out.output.outputs()) return damaged("network");
    return {};
  }

 private:
  std::string text() {
    const auto size = in_.u32();
    const auto block = in_.block(size);
    return {block.begin(), block.end()};
  }

  void skip_numbers() {
    const auto count = in_.u32();
    in_.block(std::size_t{count} * 4);
  }

  Result<Head> head() {
    Head out;
    if (in_.u8() != 0) return unknown_shape("layers by number");
    out.type = text();
    in_.u8(), in_.u8();
    out.flags = in_.u32();
    out.inputs = in_.u32();
    out.outputs = in_.u32();
    in_.u32();
    text();
    if (in_.ran_out() || out.inputs > kMost || out.outputs > kMost) return damaged("network");
    return out;
  }

  Result<void> input() {
    AX_TRY(const auto h, head());
    const auto batch = in_.u32();
    const auto height = in_.u32();
    const auto width = in_.u32();
    const auto depth = in_.u32();
    in_.u32();
    if (h.type != "Input" || batch != 1 || height != Model::kHeight || width != 0 || depth != 1) return unknown_shape("its input");
    return {};
  }

  Result<void> convolution(Matrix& out) {
    AX_TRY(const auto group, head());
    if (group.type != "Series" || in_.u32() != 2) return unknown_shape("its convolution");
    AX_TRY(const auto window, head());
    const auto half_x = in_.u32();
    const auto half_y = in_.u32();
    if (window.type != "Convolve" || half_x != 1 || half_y != 1) return unknown_shape("its convolution");
    AX_TRY(const auto layer, head());
    if (layer.type != "Tanh") return unknown_shape(layer.type);
    AX_TRY(out, matrix());
    if (out.inputs() != 9 || out.outputs() % Matrix::kLanes != 0) return unknown_shape("its convolution");
    if (group.flags & kOwnRates) skip_numbers();
    return {};
  }

  Result<void> pooling() {
    AX_TRY(const auto h, head());
    const auto x = in_.u32();
    const auto y = in_.u32();
    if (h.type != "Maxpool" || x != Model::kPool || y != Model::kPool) return unknown_shape("its pooling");
    return {};
  }

  Result<Memory> row_memory() {
    const auto before = in_;
    AX_TRY(const auto h, head());
    if (h.type != "RTLReversed") {
      in_ = before;
      return memory("LSTM");
    }
    if (in_.u32() != 1) return unknown_shape("its directions");
    AX_TRY(auto out, memory("LSTM"));
    if (h.flags & kOwnRates) skip_numbers();
    out.backward = true;
    return out;
  }

  Result<Memory> memory(std::string_view type) {
    AX_TRY(const auto h, head());
    if (h.type != type) return unknown_shape(h.type);
    Memory out;
    const auto width = in_.u32();
    out.inputs = h.inputs;
    out.states = h.outputs;
    if (out.states == 0 || out.states % Matrix::kLanes != 0 || width != out.inputs + out.states) return unknown_shape("its memory");
    out.gates = Matrix{4 * out.states, out.inputs + out.states};
    for (std::size_t gate = 0; gate < 4; ++gate) AX_CHECK(rows(out.gates, gate * out.states, out.states, out.inputs + out.states));
    return out;
  }

  Result<Matrix> matrix() {
    const auto before = in_;
    in_.u8();
    const auto outputs = in_.u32();
    const auto inputs = in_.u32();
    if (in_.ran_out() || outputs == 0 || outputs > kMost || inputs < 2 || inputs > kMost) return damaged("weights");
    in_ = before;
    Matrix out{outputs, inputs - 1};
    AX_CHECK(rows(out, 0, outputs, inputs - 1));
    return out;
  }

  /// The next matrix of the file as rows of `out`.
  Result<void> rows(Matrix& out, std::size_t first, std::size_t outputs, std::size_t inputs) {
    const auto mode = in_.u8();
    if (!(mode & kWholeNumbers) || !(mode & kDoubles)) return unknown_shape("its weights");
    if (in_.u32() != outputs || in_.u32() != inputs + 1) return damaged("weights");
    in_.u8();
    const auto weights = in_.block(outputs * (inputs + 1));
    if (in_.u32() < outputs || in_.ran_out()) return damaged("weights");
    for (std::size_t o = 0; o < outputs; ++o) {
      const std::span row{reinterpret_cast<const std::int8_t*>(weights.data()) + o * (inputs + 1), inputs + 1};
      // Inputs are 127 times what they stand for.
      out.set_row(first + o, row, static_cast<float>(std::bit_cast<double>(in_.number(8)) / 127));
    }
    if (in_.ran_out()) return damaged("weights");
    return {};
  }

  LittleEndianReader in_;
};

/// The characters by their numbers, from a table of text lines.
Result<std::vector<std::string>> characters_of(BytesView part) {
  std::vector<std::string> out;
  std::string_view text{reinterpret_cast<const char*>(part.data()), part.size()};
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty()) continue;
    if (!first) {
      const auto word = line.substr(0, line.find(' '));
      out.emplace_back(word == "NULL" ? " " : word.starts_with('|') && word.size() > 1 ? "" : word);
    }
    first = false;
    if (out.size() > kMost) return damaged("characters");
  }
  if (out.size() < 4 || out[0] != " ") return damaged("characters");
  out[1].clear();  // "Joined", which is never read
  return out;
}

/// Which class stands for which character.
Result<void> read_codes(BytesView part, const std::vector<std::string>& characters, Model& out) {
  LittleEndianReader in{part};
  const auto count = in.u32();
  if (in.ran_out() || count < characters.size() || count > characters.size() + 1) return damaged("codes");
  out.texts.assign(out.output.outputs(), {});
  out.numbers.assign(out.output.outputs(), -1);
  for (std::size_t c = 0; c < count; ++c) {
    in.u8();
    const auto length = in.u32();
    if (length != 1) return unknown_shape("characters of several codes");
    const auto code = in.u32();
    if (in.ran_out() || code >= out.output.outputs()) return damaged("codes");
    if (code == out.nothing || c >= characters.size() || characters[c].empty()) continue;
    out.texts[code] = characters[c];
    out.numbers[code] = static_cast<int>(c);
  }
  return {};
}

}  // namespace

bool is_digit(std::string_view text) noexcept { return text.size() == 1 && text[0] >= '0' && text[0] <= '9'; }
bool is_letter(std::string_view text) noexcept {
  return text.size() > 1 || (text.size() == 1 && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z')));
}

Result<Model> Model::parse(BytesView file) {
  AX_TRY(const auto parts, parts_of(file));
  Model out;
  AX_CHECK(NetworkFile{parts[kNetwork]}.read(out));
  AX_TRY(const auto characters, characters_of(parts[kCharacters]));
  AX_CHECK(read_codes(parts[kCodes], characters, out));
  if (!parts[kWords].empty()) {
    AX_TRY(out.words, Dictionary::parse(parts[kWords]));
  }
  return out;
}

}  // namespace authx::document::line
