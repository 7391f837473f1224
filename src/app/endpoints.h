#pragma once

#include <functional>

#include "http/router.h"

namespace authx::app {

/// Shows every endpoint as it is mounted, on a runtime whose storage lives as long as this call.
Result<> with_endpoints(const std::function<void(const http::Router& router)>& show);

}  // namespace authx::app
