// Decoding and reading a document as a server's worker thread does: engines and OCR model stay loaded.
// Input: a path; answer {"ms": …, "decode_ms": …, "type": …, "fields": …}.

#include "base/time.h"
#include "engines/document/reader.h"
#include "imaging/decode.h"
#include "probe.h"

int main() {
  using namespace authx;
  return bench::answer_lines([](const std::string& path) {
    const auto file = bench::file_bytes(path);
    std::string failure;
    double decode_ms = 0;
    std::string type;
    std::size_t fields = 0;
    const double ms = bench::milliseconds([&] {
      const auto deadline = Deadline::after(std::chrono::seconds{60});
      Result<imaging::DecodedFile> decoded{Errc::internal};
      decode_ms = bench::milliseconds([&] { decoded = imaging::decode(file, {}, deadline); });
      if (!decoded) return void(failure = decoded.error().detail);
      const auto reading =
          document::read(decoded->pages.front(), nullptr, document::DeclaredType::other, date_of(SystemClock{}.now()), deadline);
      if (!reading) return void(failure = reading.error().detail);
      type = document::to_string(reading->type);
      fields = reading->fields.size();
    });
    if (!failure.empty()) bench::give_up(path + ": " + failure);
    return fmt::format(R"({{"ms": {}, "decode_ms": {}, "type": "{}", "fields": {}}})", ms, decode_ms, type, fields);
  });
}
