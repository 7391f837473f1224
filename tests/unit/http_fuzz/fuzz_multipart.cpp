#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "http/multipart.h"

/// The first line is the Content-Type, the rest a body. However it is cut into pieces, it means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const auto all = as_text({data, size});
  const auto line = std::min(all.find('\n'), all.size());
  const auto body = all.substr(std::min(line + 1, all.size()));
  const http::MultipartLimits limits{.file = 4096, .field = 512, .parts = 8, .spool_folder = "/tmp"};
  const auto parse = [&](std::size_t step) -> Result<http::Form> {
    AX_TRY(auto parser, http::MultipartParser::create(all.substr(0, line), limits));
    for (std::size_t at = 0; at < body.size(); at += step) AX_CHECK(parser.feed(body.substr(at, step)));
    return parser.finish();
  };
  const auto whole = parse(std::max<std::size_t>(body.size(), 1));
  const auto pieces = parse(7);
  if (whole.has_value() != pieces.has_value()) std::abort();
  if (!whole) return 0;
  if (whole->fields != pieces->fields || whole->files.size() != pieces->files.size()) std::abort();
  if (whole->fields.size() + whole->files.size() > limits.parts) std::abort();
  for (const auto& [name, file] : whole->files) {
    const auto other = pieces->files.find(name);
    if (other == pieces->files.end() || !std::ranges::equal(file.bytes(), other->second.bytes())) std::abort();
    if (file.bytes().size() > limits.file) std::abort();
  }
  return 0;
}
