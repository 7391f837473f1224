#include <cstdlib>

#include "base/bytes.h"
#include "services/scim/filter.h"

/// A filter, and the same text as the path of a PATCH. What is accepted judges a resource without a fault, and a negation of it the other
/// way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const auto person =
      parse_json(
          R"({"id":"0190163d-8694-739b-aea5-966c26f8ad91","userName":"jo@example.org","name":{"givenName":"Jo"},"active":true,
      "emails":[{"value":"jo@example.org","type":"work","primary":true},{"value":"jo@home.example","type":"home"}],
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"},
      "meta":{"created":"2024-01-01T10:00:00Z"}})")
          ->as_object();
  const auto text = as_text({data, size});
  (void)scim::PatchPath::parse(text);
  const auto filter = scim::Filter::parse(text);
  if (!filter) return 0;
  const bool passes = filter->matches(person, scim::user_schema());
  for (const auto name : {"userName", "externalId", "id"}) (void)filter->must_equal(name);
  (void)filter->mentions("members");
  if (text.size() > 1900) return 0;
  const auto inverse = scim::Filter::parse("not (" + std::string{text} + ")");
  if (inverse && inverse->matches(person, scim::user_schema()) == passes) std::abort();
  return 0;
}
