#include "app/face_models.h"

#include <cstdlib>
#include <filesystem>

namespace authx::app {

namespace fs = std::filesystem;

std::string models_folder() {
  std::error_code ec;
  if (const char* given = std::getenv("AUTHX_MODELS_DIR"); given != nullptr && *given != '\0') return given;
  if (fs::is_directory(".deps/models", ec)) return ".deps/models";
  for (fs::path at = fs::read_symlink("/proc/self/exe", ec).parent_path(); !at.empty(); at = at.parent_path()) {
    if (fs::is_directory(at / ".deps" / "models", ec)) return (at / ".deps" / "models").string();
    if (at == at.parent_path()) break;
  }
  return {};
}

Result<inference::Pack> find_face_models(const std::string& path) {
  const std::string folder = models_folder();
  auto standard = inference::find_pack(folder.empty() ? "default" : (fs::path{folder} / "default").string());
  if (!path.empty()) return inference::find_pack(path, standard ? &*standard : nullptr);
  if (standard || standard.error().code != Errc::not_found) return standard;
  Error missing{Errc::capability_unavailable, "no face models: run tools/models/prepare_models.py, or name a folder with --models"};
  missing.message = "The face models are not installed.";
  return missing;
}

}  // namespace authx::app
