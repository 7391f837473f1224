#include <cstdlib>

#include "base/bytes.h"
#include "services/scim/patch.h"

/// A PATCH document, on a person and on a group. What comes out is clean: cleaning it again changes nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const auto person = parse_json(
                                 R"({"userName":"jo@example.org","name":{"givenName":"Jo"},"active":true,
      "emails":[{"value":"jo@example.org","type":"work","primary":true},{"value":"jo@home.example","type":"home"}]})")
                                 ->as_object();
  static const auto group = parse_json(R"({"displayName":"Sales","members":[{"value":"1"},{"value":"2"}]})")->as_object();
  const auto document = parse_json(as_text({data, size}));
  if (!document || !document->is_object()) return 0;
  for (const auto& [resource, schema] : {std::pair{&person, &scim::user_schema()}, std::pair{&group, &scim::group_schema()}}) {
    const auto out = scim::patched(*resource, document->as_object(), *schema);
    if (!out) continue;
    const auto again = scim::cleaned(*out, *schema);
    if (!again || *again != *out) std::abort();
  }
  return 0;
}
