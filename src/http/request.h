#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "base/uuid.h"
#include "http/types.h"

namespace authx::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };

std::string_view to_string(Method method) noexcept;

/// The headers that the product reads, as views into the connection's buffer.
struct RequestHeaders {
  std::string_view authorization, content_type, user_agent, accept, accept_encoding, origin, request_id, if_none_match, if_match, prefer,
      cookie, csrf, dpop, host, organization;
};

/// Fields and files of a multipart form.
struct Form {
  std::map<std::string, std::string, std::less<>> fields;
  std::map<std::string, UploadedFile, std::less<>> files;
};

/// What every handler may know of its request; outlives the request (audit entries, jobs).
struct RequestInfo {
  std::string id;          ///< `req_…`; also the `X-Request-Id` of the answer
  std::string ip;          ///< of the client, behind trusted proxies only
  std::string user_agent;  ///< at most 255 bytes
  Uuid tenant;             ///< the caller's organisation; of who is not signed in: the one that X-Organization or the host names
};

/// What a browser sends of itself, for the few endpoints that read cookies.
struct BrowserInfo {
  std::string cookies;  ///< the Cookie header
  std::string csrf;     ///< the X-CSRF-Token header
  std::string origin;
  bool same_origin = false;  ///< `origin` is absent, or the origin that the request was sent to
};

struct Request {
  Method method = Method::get;
  std::string_view path;  ///< decoded-free: segments are matched as sent
  std::string_view query;
  RequestHeaders headers;
  std::vector<std::pair<std::string_view, std::string_view>> path_params;
  std::string body;
  Form form;
  RequestInfo info;
  bool same_origin = true;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool cacheable = false;  ///< otherwise `Cache-Control: no-store`
};

/// `%41` and `+`; nothing on a malformed escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Decoded pairs of a query string or of a form-encoded body; nothing when malformed or more than 64.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace authx::http
