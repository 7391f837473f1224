// Finding and reading a machine-readable zone. Input: a path; answer {"ms": …, "format": …, "lines": "…|…", "checks": …, "valid": …,
// "confidence": …, "doubts": "line.column.other …"}, format and lines empty where no zone is found. "ms" is processor time without
// decoding.

#include <ctime>

#include "base/time.h"
#include "engines/document/mrz_image.h"
#include "imaging/decode.h"
#include "probe.h"

int main() {
  using namespace authx;
  return bench::answer_lines([](const std::string& path) {
    const auto file = bench::file_bytes(path);
    const auto deadline = Deadline::after(std::chrono::seconds{60});
    const auto decoded = imaging::decode(file, {}, deadline);
    if (!decoded) bench::give_up(path + ": " + decoded.error().detail);
    const std::clock_t from = std::clock();
    const auto zone = document::read_mrz(decoded->pages.front(), date_of(SystemClock{}.now()), deadline);
    const double ms = 1000.0 * static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC;
    std::string lines;
    if (zone) {
      for (const auto& line : zone->mrz.lines) lines += (lines.empty() ? "" : "|") + line;
    }
    std::string doubts;
    if (zone) {
      for (const auto& d : zone->mrz.doubts) doubts += fmt::format("{}{}.{}.{}", doubts.empty() ? "" : " ", d.line, d.column, d.other);
    }
    return fmt::format(
        R"({{"ms": {:.1f}, "format": "{}", "lines": "{}", "checks": {}, "valid": {}, "confidence": {:.4f}, "doubts": "{}"}})", ms,
        zone ? document::to_string(zone->mrz.format) : "", lines, zone && zone->mrz.checks_passed(), zone && zone->mrz.valid(),
        zone ? zone->confidence : 0.0, doubts);
  });
}
