#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "http/request.h"

namespace authx::http {

struct MultipartLimits {
  std::size_t file = 10 * 1024 * 1024;  ///< bytes of one file
  std::size_t field = 64 * 1024;        ///< bytes of one text field
  std::size_t parts = 16;
  std::string spool_folder = "/tmp";
};

/// Streaming parser of multipart/form-data (RFC 7578): takes the body in any pieces and keeps at most one piece and one
/// part's headers in memory. File names from the client are dropped: nothing is ever stored under them.
/// Errors: `Errc::validation`, `Errc::payload_too_large` naming the field.
class MultipartParser {
 public:
  /// `content_type` is the request's header; an absent or hostile boundary is refused.
  static Result<MultipartParser> create(std::string_view content_type, MultipartLimits limits);

  Result<> feed(std::string_view piece);
  Result<Form> finish();

 private:
  enum class State { preamble, headers, body, epilogue };
  Result<> begin_part(std::string_view headers);
  Result<> body(std::string_view bytes);
  Result<> end_part();

  MultipartLimits limits_;
  std::string delimiter_;  ///< CRLF "--" boundary
  std::string buffer_;
  State state_ = State::preamble;
  Form form_;
  std::size_t parts_ = 0;
  std::string name_;
  bool is_file_ = false;
  std::string text_;
  UploadedFile file_;
};

}  // namespace authx::http
