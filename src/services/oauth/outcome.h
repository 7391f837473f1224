#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "http/router.h"

namespace authx::oauth {

/// A refusal that a client is told in OAuth's words (RFC 6749, 5.2). Not an error of the server: what led to it is committed.
struct Refusal {
  std::string error;        ///< `invalid_grant`
  std::string description;  ///< for the client's developer; neither secrets nor personal data
  int status = 400;
  std::string challenge = {};  ///< WWW-Authenticate

  static Refusal client() { return {"invalid_client", "the client could not be authenticated", 401, "Basic realm=\"oauth\""}; }
  static Refusal token(std::string_view scheme, std::string description) {
    std::string challenge{scheme};
    challenge += R"( error="invalid_token")";
    return {"invalid_token", std::move(description), 401, std::move(challenge)};
  }
};

/// A value, or a refusal. In a function that returns `Result<Outcome<T>>`, AX_TRY passes on both kinds.
template <class T>
class [[nodiscard]] Outcome : public std::expected<T, Refusal> {
  using Base = std::expected<T, Refusal>;

 public:
  using Base::Base;
  Outcome(Refusal refusal) : Base(std::unexpect, std::move(refusal)) {}  // NOLINT(*-explicit-*)
};

struct Done {};

}  // namespace authx::oauth

namespace authx::http {

/// An outcome as the answer of an OAuth endpoint: the value's JSON without an envelope, or OAuth's error.
template <class T>
struct Answer<oauth::Outcome<T>> {
  static Response make(oauth::Outcome<T>& out, const About& about) {
    Response response;
    if (out) {
      response.status = about.success;
      if constexpr (!std::is_same_v<T, oauth::Done>) Codec<T>::write(response.body, *out);
      return response;
    }
    const auto& refusal = out.error();
    response.status = refusal.status;
    response.body = R"({"error":)";
    write_quoted(response.body, refusal.error);
    response.body += R"(,"error_description":)";
    write_quoted(response.body, refusal.description);
    response.body += '}';
    if (!refusal.challenge.empty()) response.headers.emplace_back("WWW-Authenticate", refusal.challenge);
    return response;
  }
  static json::value schema(Schemas& schemas) {
    if constexpr (std::is_same_v<T, oauth::Done>)
      return {{"type", "string"}, {"maxLength", 0}};
    else
      return Codec<T>::schema(schemas);
  }
};

}  // namespace authx::http
