#include <cstdlib>

#include "engines/document/evidence/signed_pdf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const document::TrustStore trust;
  const Time now{std::chrono::sys_days{std::chrono::year{2025} / 6 / 1}};
  const auto e = document::read_signed_pdf({data, size}, {}, trust, now);
  if (e && e->verified()) std::abort();
  return 0;
}
