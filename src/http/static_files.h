#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"

namespace authx::http {

/// The web page's files, read once at start, with their gzip forms and ETags. Only files that were listed at start can be
/// named by a request, so that no path can escape the folder.
class StaticFiles {
 public:
  /// An absent folder gives an empty set (an API-only server).
  static Result<StaticFiles> load(const std::string& folder);

  /// The file for `path`, or `index.html` for a path of the single-page application (no extension), or nothing.
  std::optional<Response> serve(std::string_view path, const RequestHeaders& headers) const;
  bool empty() const noexcept { return files_.empty(); }

 private:
  struct File {
    std::string body, gzip, type, etag;
    bool immutable = false;
  };
  std::map<std::string, std::shared_ptr<const File>, std::less<>> files_;
};

std::string gzip(std::string_view data);

}  // namespace authx::http
