#include "app/endpoints.h"

#include <unistd.h>

#include <filesystem>

#include "app/runtime.h"

namespace authx::app {

Result<> with_endpoints(const std::function<void(const http::Router& router)>& show) {
  const auto folder = std::filesystem::temp_directory_path() / ("authx-endpoints-" + std::to_string(::getpid()));
  auto run = [&]() -> Result<> {
    Config config;
    config.data_dir = folder.string();
    config.upload_dir = config.data_dir + "/objects";
    AX_TRY(const auto runtime, Runtime::create(std::move(config)));
    http::Router router{runtime->storage->clock, "/v1"};
    mount(router, *runtime);
    show(router);
    return {};
  };
  auto done = run();
  std::error_code ec;
  std::filesystem::remove_all(folder, ec);
  return done;
}

}  // namespace authx::app
