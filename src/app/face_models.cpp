#include "app/face_models.h"

#include <filesystem>

namespace authx::app {
namespace {

namespace fs = std::filesystem;

std::string default_folder(const Config& config) {
  if (!config.default_model_path.empty()) return config.default_model_path;
  std::error_code ec;
  const fs::path inside = fs::path{".deps"} / "models" / "default";
  if (fs::is_directory(inside, ec)) return inside.string();
  for (fs::path at = fs::read_symlink("/proc/self/exe", ec).parent_path(); !at.empty(); at = at.parent_path()) {
    if (fs::is_directory(at / inside, ec)) return (at / inside).string();
    if (at == at.parent_path()) break;
  }
  return {};
}

}  // namespace

Result<inference::Pack> find_face_models(const Config& config, const std::string& path) {
  const auto folder = default_folder(config);
  auto standard = folder.empty() ? Result<inference::Pack>{Errc::not_found} : inference::find_pack(folder);
  const std::string& wanted = path.empty() ? config.face_model_path : path;
  if (!wanted.empty()) return inference::find_pack(wanted, standard ? &*standard : nullptr);
  if (standard || standard.error().code != Errc::not_found) return standard;
  Error missing{Errc::capability_unavailable, "no face models: run `./dev models`, or set FACE_MODEL_PATH"};
  missing.message = "The face models are not installed";
  return missing;
}

}  // namespace authx::app
