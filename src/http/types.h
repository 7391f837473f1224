#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"

namespace authx::http {

/// Field types of requests. A value of one of these has been validated: handlers don't check again.

/// UTF-8 without control characters, trimmed, `Min`..`Max` code points.
template <std::size_t Min, std::size_t Max>
struct Text {
  std::string value;
  operator const std::string&() const noexcept { return value; }  // NOLINT(*-explicit-*)
};

/// An e-mail address (RFC 5321 limits; one @; a domain with a dot), lower-cased.
struct Email {
  std::string value;
};

/// E.164: + and 7 to 15 digits.
struct Phone {
  std::string value;
};

/// 8 to 128 code points, any characters; wiped after use.
struct Password {
  SecretText value;
};

/// A secret token made by this server, at most 200 characters; wiped after use.
struct TokenText {
  SecretText value;
};

/// Standard base64 (a `data:…;base64,` prefix is tolerated), at most `MaxBytes` decoded.
template <std::size_t MaxBytes>
struct Base64 {
  Bytes value;
};

template <std::int64_t Min, std::int64_t Max>
struct Int {
  std::int64_t value = Min;
};

/// A share, 0 to 1.
struct Unit {
  double value = 0;
};

template <class T, std::size_t Min, std::size_t Max>
struct List {
  std::vector<T> value;
};

class SpooledFile;

/// A file part of a multipart form: in memory when small, in an unnamed temporary file when not.
struct UploadedFile {
  std::shared_ptr<SpooledFile> content;
  std::string declared_type;  ///< as the client said it; never trusted

  BytesView bytes() const;
};

/// JSON of any form, passed through (responses only).
struct AnyJson {
  std::string text = "null";
};

/// A whole JSON object as a request's body, of a form that the handler checks: a standard's documents with members of their own.
/// Stands in a request under any name, beside members of the path.
struct AnyObject {
  boost::json::object value;
};

/// A response without the envelope (health, discovery documents), with its own status.
template <class T>
struct Bare {
  T body;
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// A body in the envelope, with headers beside it (cookies).
template <class T>
struct WithHeaders {
  T body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Bytes of any type (metrics, images, pages).
struct RawResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Empty {};

}  // namespace authx::http
