// Finding and decoding the QR code on a picture, and ZXing's plain reading of the same picture.
// Input: a path; answer {"ms": …, "content": "hex", "plain_ms": …, "plain_content": "hex"}, milliseconds of processor time.

#include <ctime>

#include "base/encoding.h"
#include "engines/document/codes/code.h"
#include "imaging/decode.h"
#include "probe.h"

namespace {

template <class Work>
double cpu_milliseconds(Work&& work) {
  const auto now = [] {
    std::timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
  };
  const double from = now();
  work();
  return now() - from;
}

}  // namespace

int main() {
  using namespace authx;
  return bench::answer_lines([](const std::string& path) {
    const auto decoded = imaging::decode(bench::file_bytes(path));
    if (!decoded) bench::give_up(path + ": cannot be decoded");
    std::vector<document::Code> ours;
    std::vector<document::Code> plain;
    const auto& picture = decoded->pages.front();
    const double ms = cpu_milliseconds([&] { ours = document::find_codes(picture, {}, {}); });
    const double plain_ms = cpu_milliseconds([&] { plain = document::find_codes_plain(picture, {true, false, false}); });
    const auto content = [](const std::vector<document::Code>& codes) {
      return codes.empty() ? std::string{} : hex_encode(codes[0].bytes);
    };
    return fmt::format(R"({{"ms": {}, "content": "{}", "plain_ms": {}, "plain_content": "{}"}})", ms, content(ours), plain_ms,
                       content(plain));
  });
}
