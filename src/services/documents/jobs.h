#pragma once

#include <string_view>

namespace authx::documents {

/// Kinds of jobs. The subject is the document, except for the expiry watch, which walks all of them.
inline constexpr std::string_view kReadJob = "document.read";
inline constexpr std::string_view kRereadJob = "document.reread";
inline constexpr std::string_view kExpiryJob = "document.expiry";

}  // namespace authx::documents
