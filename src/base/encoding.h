#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace authx {

std::string hex_encode(BytesView bytes);  ///< lower case
std::optional<Bytes> hex_decode(std::string_view text);

std::string base64_encode(BytesView bytes);                    ///< RFC 4648 §4, padded
std::optional<Bytes> base64_decode(std::string_view text);     ///< padding optional; no white space
std::string base64url_encode(BytesView bytes);                 ///< RFC 4648 §5, unpadded
std::optional<Bytes> base64url_decode(std::string_view text);  ///< unpadded only, canonical bits only

std::string percent_encode(std::string_view text);  ///< all but RFC 3986's unreserved characters

}  // namespace authx
