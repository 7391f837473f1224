#include "imaging/wsq_huffman.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace authx::imaging::wsq {
namespace {

constexpr int kMaxRun = 100, kLeast = -73, kMost = 74;
constexpr std::uint8_t kPositive8 = 101, kNegative8 = 102, kPositive16 = 103, kNegative16 = 104, kRun8 = 105, kRun16 = 106,
                       kZeroPoint = 180;

/// Code lengths by JPEG's annex K.2: Huffman's tree with one symbol more, which takes the code of all ones, and codes
/// longer than 16 bits moved up.
std::array<std::uint8_t, 17> lengths_of(const std::array<std::size_t, 257>& frequency, std::vector<std::uint8_t>& symbols) {
  std::array<std::size_t, 257> f = frequency;
  std::array<int, 257> size{}, other;
  other.fill(-1);
  f[256] = 1;
  while (true) {
    int a = -1, b = -1;
    for (int i = 0; i < 257; ++i) {
      const auto w = f[static_cast<std::size_t>(i)];
      if (w == 0) continue;
      if (a < 0 || w <= f[static_cast<std::size_t>(a)])
        b = a, a = i;
      else if (b < 0 || w <= f[static_cast<std::size_t>(b)])
        b = i;
    }
    if (b < 0) break;
    f[static_cast<std::size_t>(a)] += f[static_cast<std::size_t>(b)], f[static_cast<std::size_t>(b)] = 0;
    int last = a;
    for (int i = a; i >= 0; i = other[static_cast<std::size_t>(i)]) ++size[static_cast<std::size_t>(i)], last = i;
    other[static_cast<std::size_t>(last)] = b;
    for (int i = b; i >= 0; i = other[static_cast<std::size_t>(i)]) ++size[static_cast<std::size_t>(i)];
  }
  std::array<int, 258> bits{};
  for (const int s : size) ++bits[static_cast<std::size_t>(s)];
  bits[0] = 0;
  for (std::size_t i = 257; i > 16; --i) {
    while (bits[i] > 0) {
      std::size_t j = i - 2;
      while (bits[j] == 0) --j;
      bits[i] -= 2, ++bits[i - 1], bits[j + 1] += 2, --bits[j];
    }
  }
  std::size_t longest = 16;
  while (longest > 0 && bits[longest] == 0) --longest;
  if (longest > 0) --bits[longest];  // the additional symbol's
  std::array<std::uint8_t, 17> out{};
  for (std::size_t i = 1; i <= 16; ++i) out[i] = static_cast<std::uint8_t>(bits[i]);
  for (int length = 1; length <= 257; ++length) {
    for (std::size_t s = 0; s < 256; ++s) {
      if (size[s] == length) symbols.push_back(static_cast<std::uint8_t>(s));
    }
  }
  return out;
}

}  // namespace

std::vector<Token> tokens_of(const std::vector<std::int32_t>& values) {
  std::vector<Token> out;
  std::size_t run = 0;
  const auto end_run = [&] {
    while (run > 0) {
      const auto n = static_cast<std::uint16_t>(std::min<std::size_t>(run, 65535));
      if (n <= kMaxRun)
        out.push_back({static_cast<std::uint8_t>(n), 0, 0});
      else
        out.push_back({n <= 255 ? kRun8 : kRun16, static_cast<std::uint8_t>(n <= 255 ? 8 : 16), n});
      run -= n;
    }
  };
  for (const std::int32_t v : values) {
    if (v == 0) {
      ++run;
      continue;
    }
    end_run();
    const auto magnitude = static_cast<std::uint16_t>(v < 0 ? -v : v);
    if (v >= kLeast && v <= kMost)
      out.push_back({static_cast<std::uint8_t>(v + kZeroPoint), 0, 0});
    else if (magnitude <= 255)
      out.push_back({v > 0 ? kPositive8 : kNegative8, 8, magnitude});
    else
      out.push_back({v > 0 ? kPositive16 : kNegative16, 16, magnitude});
  }
  end_run();
  return out;
}

std::optional<HuffmanTable> HuffmanTable::read(BytesView bytes) {
  if (bytes.size() < 16) return std::nullopt;
  HuffmanTable t;
  std::size_t total = 0;
  std::uint32_t code = 0;
  for (std::size_t i = 1; i <= 16; ++i) {
    t.count_[i] = bytes[i - 1];
    total += t.count_[i];
    code = (code << 1) + t.count_[i];
    if (code > std::uint32_t{1} << i) return std::nullopt;  // more codes than there are
  }
  if (total == 0 || total > 256 || bytes.size() < 16 + total) return std::nullopt;
  t.symbols_.assign(bytes.begin() + 16, bytes.begin() + 16 + static_cast<std::ptrdiff_t>(total));
  t.derive();
  return t;
}

HuffmanTable HuffmanTable::for_tokens(std::initializer_list<const std::vector<Token>*> all) {
  std::array<std::size_t, 257> frequency{};
  for (const auto* tokens : all) {
    for (const Token& t : *tokens) ++frequency[t.symbol];
  }
  if (std::ranges::all_of(frequency, [](std::size_t f) { return f == 0; })) frequency[1] = 1;  // a table may not be empty
  HuffmanTable t;
  t.count_ = lengths_of(frequency, t.symbols_);
  t.derive();
  return t;
}

Bytes HuffmanTable::stored() const {
  Bytes out{count_.begin() + 1, count_.end()};
  out.insert(out.end(), symbols_.begin(), symbols_.end());
  return out;
}

void HuffmanTable::derive() {
  std::uint32_t code = 0, at = 0;
  for (std::size_t length = 1; length <= 16; ++length) {
    code <<= 1;
    first_[length] = code, offset_[length] = at;
    for (int i = 0; i < count_[length]; ++i)
      codes_[symbols_[at++]] = {static_cast<std::uint16_t>(code++), static_cast<std::uint8_t>(length)};
  }
}

std::optional<std::pair<std::uint8_t, int>> HuffmanTable::symbol_at(std::uint32_t window, int available) const {
  for (int length = 1; length <= std::min(16, available); ++length) {
    const auto l = static_cast<std::size_t>(length);
    const std::uint32_t code = window >> (16 - length);
    if (code >= first_[l] && code - first_[l] < count_[l]) return std::pair{symbols_[offset_[l] + code - first_[l]], length};
  }
  return std::nullopt;
}

std::optional<std::size_t> decode_values(BytesView data, const HuffmanTable& table, std::size_t most, std::vector<std::int32_t>& out) {
  std::size_t at = 0;
  std::uint64_t buffer = 0;
  int held = 0;
  const auto fill = [&] {
    while (held <= 48 && at < data.size()) {
      if (data[at] == 0xff) {
        if (at + 1 >= data.size() || data[at + 1] != 0) return;  // a marker
        buffer = buffer << 8 | 0xff, at += 2;
      } else {
        buffer = buffer << 8 | data[at++];
      }
      held += 8;
    }
  };
  const auto peek16 = [&] { return static_cast<std::uint32_t>(held >= 16 ? buffer >> (held - 16) : buffer << (16 - held)) & 0xffff; };
  const auto take = [&](int n) -> std::optional<std::uint32_t> {
    fill();
    if (held < n) return std::nullopt;
    held -= n;
    return static_cast<std::uint32_t>(buffer >> held) & ((std::uint32_t{1} << n) - 1);
  };
  while (true) {
    fill();
    const auto found = table.symbol_at(peek16(), held);
    if (!found) {
      if (held >= 8) return std::nullopt;  // no code and more than padding
      break;
    }
    held -= found->second;
    const int symbol = found->first;
    std::optional<std::uint32_t> extra;
    if (symbol >= kPositive8 && symbol <= kRun16) {
      extra = take(symbol == kPositive8 || symbol == kNegative8 || symbol == kRun8 ? 8 : 16);
      if (!extra) return std::nullopt;
    }
    std::size_t run = 0;
    if (symbol >= 1 && symbol <= kMaxRun)
      run = static_cast<std::size_t>(symbol);
    else if (symbol == kRun8 || symbol == kRun16)
      run = *extra;
    else if (symbol == 0 || symbol == 255)
      return std::nullopt;
    const bool value = run == 0 && symbol != kRun8 && symbol != kRun16;
    if (out.size() + run + (value ? 1 : 0) > most) return std::nullopt;
    if (!value)
      out.insert(out.end(), run, 0);
    else if (extra)
      out.push_back(symbol == kPositive8 || symbol == kPositive16 ? static_cast<std::int32_t>(*extra) : -static_cast<std::int32_t>(*extra));
    else
      out.push_back(symbol - kZeroPoint);
  }
  while (at < data.size() && !(data[at] == 0xff && at + 1 < data.size() && data[at + 1] != 0)) return std::nullopt;
  return at;
}

void encode_tokens(const std::vector<Token>& tokens, const HuffmanTable& table, Bytes& out) {
  std::uint64_t buffer = 0;
  int held = 0;
  const auto put = [&](std::uint32_t bits, int n) {
    buffer = buffer << n | bits, held += n;
    while (held >= 8) {
      held -= 8;
      const auto byte = static_cast<std::uint8_t>(buffer >> held);
      out.push_back(byte);
      if (byte == 0xff) out.push_back(0);
    }
  };
  for (const Token& t : tokens) {
    const auto code = table.code_of(t.symbol);
    put(code.bits, code.length);
    if (t.extra_bits > 0) put(t.extra, t.extra_bits);
  }
  if (held > 0) {
    const int missing = 8 - held;
    put((std::uint32_t{1} << missing) - 1, missing);
  }
}

}  // namespace authx::imaging::wsq
