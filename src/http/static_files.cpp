#include "http/static_files.h"

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace authx::http {
namespace {

std::string_view mime(std::string_view extension) {
  static constexpr std::pair<std::string_view, std::string_view> table[] = {{".html", "text/html; charset=utf-8"},
                                                                            {".js", "text/javascript; charset=utf-8"},
                                                                            {".css", "text/css; charset=utf-8"},
                                                                            {".svg", "image/svg+xml"},
                                                                            {".png", "image/png"},
                                                                            {".ico", "image/x-icon"},
                                                                            {".json", "application/json"},
                                                                            {".woff2", "font/woff2"},
                                                                            {".woff", "font/woff"},
                                                                            {".txt", "text/plain; charset=utf-8"},
                                                                            {".webmanifest", "application/manifest+json"}};
  for (const auto& [ext, type] : table)
    if (extension == ext) return type;
  return "application/octet-stream";
}

}  // namespace

std::string gzip(std::string_view data) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

Result<StaticFiles> StaticFiles::load(const std::string& folder) {
  namespace fs = std::filesystem;
  StaticFiles set;
  std::error_code ec;
  if (folder.empty() || !fs::is_directory(folder, ec)) return set;
  for (const auto& entry : fs::recursive_directory_iterator{folder, ec}) {
    if (!entry.is_regular_file()) continue;
    const auto extension = entry.path().extension().string();
    if (extension == ".gz" || extension == ".map") continue;
    const auto read = [](const fs::path& path) {
      std::ifstream in{path, std::ios::binary};
      return std::string{std::istreambuf_iterator<char>{in}, {}};
    };
    auto file = std::make_shared<File>();
    file->body = read(entry.path());
    file->type = mime(extension);
    const auto packed = fs::path{entry.path().string() + ".gz"};
    if (fs::exists(packed, ec)) file->gzip = read(packed);
    file->etag = "\"" + hex_encode(crypto::sha256(as_bytes(file->body))).substr(0, 24) + "\"";
    const auto relative = "/" + fs::relative(entry.path(), folder).generic_string();
    file->immutable = relative.starts_with("/assets/");
    set.files_.emplace(relative, std::move(file));
  }
  if (ec) return Error{Errc::unavailable, "cannot read the web folder: " + ec.message()};
  return set;
}

std::optional<Response> StaticFiles::serve(std::string_view path, const RequestHeaders& headers) const {
  auto it = files_.find(path);
  if (it == files_.end() && path.ends_with('/')) it = files_.find(std::string{path} + "index.html");
  if (it == files_.end()) it = files_.find(std::string{path} + "/index.html");
  if (it == files_.end() && path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos) it = files_.find("/index.html");
  if (it == files_.end()) return std::nullopt;
  const File& file = *it->second;
  Response response;
  response.content_type = file.type;
  response.cacheable = true;
  response.headers.emplace_back("ETag", file.etag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (headers.if_none_match == file.etag) {
    response.status = 304;
    return response;
  }
  if (!file.gzip.empty() && headers.accept_encoding.find("gzip") != std::string_view::npos) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = file.gzip;
  } else {
    response.body = file.body;
  }
  return response;
}

}  // namespace authx::http
