#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace authx {

using Words = std::vector<std::string>;

inline constexpr std::size_t kMaxWords = 64;

/// Lists as OAuth writes scopes (RFC 6749, section 3.3): words between single spaces. Read without repeats, the first `kMaxWords`.
Words words_of(std::string_view text);
std::string joined(const Words& words);
bool contains(const Words& words, std::string_view word);
bool subset(const Words& part, const Words& whole);

}  // namespace authx
