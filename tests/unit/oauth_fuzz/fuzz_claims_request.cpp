#include <cstdlib>

#include "services/oauth/claims_request.h"

/// The `claims` parameter; one that is accepted must be accepted again as it is stored, and what is answered must be part of what there is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  auto request = oauth::ClaimsRequest::parse(as_text({data, size}));
  if (!request) return 0;
  const auto stored = request->text();
  if (oauth::ClaimsRequest::stored(stored).text() != stored) std::abort();
  (void)oauth::AcrWish{*request, "aal2 aal3"}.told(2);
  (void)request->consent_words({"openid"});
  static const auto person =
      parse_json(R"({"verification":{"trust_framework":"authx","time":"2026-01-01T00:00:00Z","evidence":[{"type":"document",)"
                 R"("document_details":{"type":"passport"}}]},"claims":{"name":"A","birthdate":"1990-01-01"}})")
          .value()
          .as_object();
  for (const auto& wish : request->userinfo.verified) {
    const auto told = oauth::answer_wish(person, wish, Time{std::chrono::seconds{1'790'000'000}});
    if (told && told->at("claims").as_object().size() > 2) std::abort();
  }
  request->limit_to({"openid"});
  if (!request->userinfo.verified.empty()) std::abort();
  return 0;
}
