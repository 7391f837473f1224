#pragma once

#include "services/scim/scim_service.h"

/// What the files of the service share.
namespace authx::scim {

inline Error fault(const char* type, const char* why) { return Error::invalid(type, why); }
inline json::string_view json_view(std::string_view text) { return {text.data(), text.size()}; }
inline json::value json_text(std::string_view text) { return json::value(json_view(text)); }

}  // namespace authx::scim
