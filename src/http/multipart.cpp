#include "http/multipart.h"

#include <algorithm>

#include "http/spooled_file.h"

namespace authx::http {
namespace {

bool iequals(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 32) == (y | 32) || x == y; });
}

/// The value of `; key=value` or `; key="value"` in a header.
std::optional<std::string> parameter(std::string_view header, std::string_view key) {
  std::size_t pos = header.find(';');
  while (pos != std::string_view::npos) {
    ++pos;
    while (pos < header.size() && (header[pos] == ' ' || header[pos] == '\t')) ++pos;
    const auto eq = header.find('=', pos);
    if (eq == std::string_view::npos) return std::nullopt;
    const auto name = header.substr(pos, eq - pos);
    std::string value;
    pos = eq + 1;
    if (pos < header.size() && header[pos] == '"') {
      for (++pos; pos < header.size() && header[pos] != '"'; ++pos) {
        if (header[pos] == '\\' && pos + 1 < header.size()) ++pos;
        value += header[pos];
      }
      if (pos >= header.size()) return std::nullopt;
      pos = header.find(';', pos);
    } else {
      const auto end = header.find(';', pos);
      value = header.substr(pos, end == std::string_view::npos ? end : end - pos);
      while (!value.empty() && value.back() == ' ') value.pop_back();
      pos = end;
    }
    if (iequals(name, key)) return value;
  }
  return std::nullopt;
}

Error malformed(std::string reason) { return Error::invalid("$", "malformed multipart body: " + std::move(reason)); }

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

Result<MultipartParser> MultipartParser::create(std::string_view content_type, MultipartLimits limits) {
  const auto after = content_type.substr(std::min<std::size_t>(content_type.size(), 19), 1);
  if (!iequals(content_type.substr(0, 19), "multipart/form-data") || (!after.empty() && after != ";" && after != " "))
    return Error{Errc::unsupported_media_type, "not multipart/form-data"};
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) return malformed("no usable boundary");
  MultipartParser parser;
  parser.limits_ = std::move(limits);
  parser.delimiter_ = "\r\n--" + *boundary;
  parser.buffer_ = "\r\n";  // the first delimiter may open the body
  return parser;
}

Result<> MultipartParser::feed(std::string_view piece) {
  buffer_ += piece;
  while (true) {
    switch (state_) {
      case State::preamble:
      case State::body: {
        const auto at = buffer_.find(delimiter_);
        if (at == std::string::npos) {
          // What could be the start of a delimiter stays; all before it belongs to the part.
          const auto keep = std::min(buffer_.size(), delimiter_.size() - 1);
          const auto take = buffer_.size() - keep;
          if (state_ == State::preamble && take > 0) return malformed("data before the first part");
          if (take > 0) AX_CHECK(body(std::string_view{buffer_}.substr(0, take)));
          buffer_.erase(0, take);
          return {};
        }
        const auto after = at + delimiter_.size();
        if (buffer_.size() < after + 2) return {};
        if (state_ == State::body) {
          AX_CHECK(body(std::string_view{buffer_}.substr(0, at)));
          AX_CHECK(end_part());
        } else if (at != 0) {
          return malformed("data before the first part");
        }
        const auto mark = std::string_view{buffer_}.substr(after, 2);
        if (mark == "--")
          state_ = State::epilogue;
        else if (mark == "\r\n")
          state_ = State::headers;
        else
          return malformed("a boundary is followed by other bytes");
        buffer_.erase(0, after + 2);
        break;
      }
      case State::headers: {
        const auto end = buffer_.find("\r\n\r\n");
        if (end == std::string::npos) {
          if (buffer_.size() > 4096) return malformed("part headers are too long");
          return {};
        }
        if (end > 4096) return malformed("part headers are too long");
        AX_CHECK(begin_part(std::string_view{buffer_}.substr(0, end)));
        buffer_.erase(0, end + 4);
        state_ = State::body;
        break;
      }
      case State::epilogue: buffer_.clear(); return {};
    }
  }
}

Result<> MultipartParser::begin_part(std::string_view headers) {
  if (++parts_ > limits_.parts) return malformed("too many parts");
  std::optional<std::string> name;
  is_file_ = false;
  file_ = {};
  text_.clear();
  while (!headers.empty()) {
    const auto eol = headers.find("\r\n");
    const auto line = headers.substr(0, eol);
    headers.remove_prefix(eol == std::string_view::npos ? headers.size() : eol + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("a part header has no colon");
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (iequals(line.substr(0, colon), "content-disposition")) {
      name = parameter(value, "name");
      is_file_ = parameter(value, "filename").has_value() || parameter(value, "filename*").has_value();
    } else if (iequals(line.substr(0, colon), "content-type")) {
      file_.declared_type = value.substr(0, 100);
    }
  }
  if (!name || !is_name(*name)) return malformed("a part has no usable name");
  name_ = std::move(*name);
  if (form_.fields.contains(name_) || form_.files.contains(name_)) return Error::invalid(name_, "is given more than once");
  if (is_file_) file_.content = std::make_shared<SpooledFile>(limits_.spool_folder);
  return {};
}

Result<> MultipartParser::body(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (is_file_) {
    if (file_.content->size() + bytes.size() > limits_.file) {
      Error e{Errc::payload_too_large};
      e.faults.push_back({name_, "is larger than " + std::to_string(limits_.file) + " bytes"});
      return e;
    }
    return file_.content->append(as_bytes(bytes));
  }
  if (text_.size() + bytes.size() > limits_.field) return Error::invalid(name_, "is too long");
  text_ += bytes;
  return {};
}

Result<> MultipartParser::end_part() {
  if (is_file_)
    form_.files.emplace(name_, std::move(file_));
  else
    form_.fields.emplace(name_, std::move(text_));
  return {};
}

Result<Form> MultipartParser::finish() {
  if (state_ != State::epilogue) return malformed("it ends before the closing boundary");
  return std::move(form_);
}

}  // namespace authx::http
