#include "app/batch.h"

#include <algorithm>
#include <filesystem>

namespace authx::app {

namespace fs = std::filesystem;

Result<std::vector<std::string>> expand_folders(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      out.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& f : fs::directory_iterator(path, error)) {
      if (f.is_regular_file()) inside.push_back(f.path().string());
    }
    if (error) return Error::invalid(path, "cannot be read");
    std::ranges::sort(inside);
    out.insert(out.end(), inside.begin(), inside.end());
  }
  if (out.empty()) return Error::invalid("files", "none found");
  return out;
}

Error about_file(const std::string& path, Error error) {
  error.detail = error.detail.empty() ? path : path + ": " + error.detail;
  return error;
}

std::string reason_of(const Error& error) {
  return error.faults.empty() ? std::string{to_string(error.code)} : error.faults.front().field + " " + error.faults.front().reason;
}

}  // namespace authx::app
