#include <cstdlib>

#include "engines/document/mrz.h"
#include "engines/document/rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const Date today{std::chrono::year{2025}, std::chrono::June, std::chrono::day{1}};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto plain = document::parse_mrz(text, today);
  const auto mended = document::repair_mrz(text, today);
  if (plain.has_value() != mended.has_value()) std::abort();
  if (mended && static_cast<int>(mended->lines.size()) != document::mrz_line_count(mended->format)) std::abort();
  (void)document::parse_printed_date(text.substr(0, 64));
  (void)document::check_pan(text.substr(0, 64));
  (void)document::check_driving_license(text.substr(0, 64));
  (void)document::check_epic(text.substr(0, 64));
  return 0;
}
